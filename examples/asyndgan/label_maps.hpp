// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/data/slices.hpp"
#include "config.hpp"

namespace asyndgan::program {

/// Label maps with the cases that they are of.
struct LabelledMaps {
  LabelMap maps;
  std::vector<data::SliceInfo> info;
};

/// The label maps of a folder, <case>_labels.nii.gz, slice by slice along the third axis.
/// Errors  DataError naming the file that has another size or unknown labels, or the folder.
[[nodiscard]] LabelledMaps read_label_maps(const std::filesystem::path& folder,
                                           const RunConfig& config);

}  // namespace asyndgan::program
