// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "asyndgan/data/slices.hpp"
#include "federation_data.hpp"
#include "results.hpp"
#include "run_folder.hpp"

namespace asyndgan::program {

/// Trains a segmenter on every configured set, with every seed, and tests it on data.test. Each
/// is kept when it is done; one that was interrupted goes on from where it was.
///
/// Requires  data.test is there.
[[nodiscard]] EvaluationFound train_segmenters(const RunFolder& folder, const FederationData& data,
                                               const data::Slices& synthetic, const Voice& voice);

/// File of a trained segmenter.
[[nodiscard]] std::filesystem::path segmenter_file(const RunFolder& folder, const std::string& set,
                                                   int seed);

}  // namespace asyndgan::program
