// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "federation_data.hpp"
#include "run_folder.hpp"

namespace asyndgan::program {

/// Chooses label maps that show much, and writes pictures of them and of what the generator
/// drew: for everybody under pictures/, without a real image, and with the real ones under
/// sites/<name>/pictures/ for that site alone.
///
/// Requires  `synthetic` is synthesise()'s of `data`.
void write_examples(const RunFolder& folder, const FederationData& data,
                    const data::Slices& synthetic);

}  // namespace asyndgan::program
