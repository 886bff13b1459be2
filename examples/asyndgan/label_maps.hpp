// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/data/slices.hpp"
#include "asyndgan/data/volume.hpp"
#include "config.hpp"

namespace asyndgan::program {

/// Where cases lie in the patient, by name.
using Grids = std::map<std::string, data::Grid>;

/// Label maps with the cases that they are of.
struct LabelledMaps {
  LabelMap maps;
  std::vector<data::SliceInfo> info;
  Grids grids = {};  // of the cases, upright
};

/// The label maps of a folder, <case>_labels.nii.gz, turned upright and cut along data.plane as a
/// site's are; their slices must have the run's size.
/// Errors  DataError naming the file that has another size or unknown labels, or the folder.
[[nodiscard]] LabelledMaps read_label_maps(const std::filesystem::path& folder,
                                           const RunConfig& config);

/// Those that the centre draws for where a site keeps its own: of data.public_label_maps, which
/// only who draws needs to have.
/// Errors  ConfigError if the key is missing; as read_label_maps().
[[nodiscard]] LabelledMaps read_public_label_maps(const RunConfig& config);

}  // namespace asyndgan::program
