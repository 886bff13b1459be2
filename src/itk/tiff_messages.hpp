// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace asyndgan::data::files {

/// Sends libtiff's warnings to log() at level debug and keeps its errors, which it would print
/// on standard error.
void redirect_tiff_messages();

/// The first error libtiff met in this thread since the last call, or nothing.
[[nodiscard]] std::string take_tiff_error();

}  // namespace asyndgan::data::files
