// SPDX-License-Identifier: Apache-2.0
#include "label_maps.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/orientation.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "federation_data.hpp"

namespace asyndgan::program {

namespace {

namespace fs = std::filesystem;

/// "p7" for "p7_labels.nii.gz"; empty for a file that holds no label maps.
std::string case_of(const fs::path& file) {
  const std::string name = file.filename().string();
  for (const std::string suffix : {"_labels.nii.gz", "_labels.nii", "_labels.mha"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) {
      return name.substr(0, name.size() - suffix.size());
    }
  }
  return {};
}

void append(LabelledMaps& all, const data::LabelVolume& volume, const fs::path& file,
            data::Plane plane, int classes) {
  const data::PlaneShape shape = data::plane_shape(volume.grid, plane);
  if (shape.width != all.maps.w || shape.height != all.maps.h) {
    throw DataError("'" + file.string() + "' has slices of " + std::to_string(shape.height) +
                    " x " + std::to_string(shape.width) + " pixels, this run draws " +
                    std::to_string(all.maps.h) + " x " + std::to_string(all.maps.w));
  }
  const auto largest = *std::max_element(volume.voxels.begin(), volume.voxels.end());
  if (largest >= classes) {
    throw DataError("'" + file.string() + "' has the label " + std::to_string(largest) +
                    ", this run knows 0 to " + std::to_string(classes - 1));
  }
  for (int k = 0; k < shape.slices; ++k) {
    for (const std::uint16_t label : data::plane_pixels(volume, plane, k)) {
      all.maps.labels.push_back(static_cast<std::uint8_t>(label));
    }
    all.info.push_back({case_of(file), k, shape.spacing_y, shape.spacing_x, shape.spacing_z});
  }
  all.maps.n += shape.slices;
}

}  // namespace

LabelledMaps read_label_maps(const fs::path& folder, const RunConfig& config) {
  if (!fs::is_directory(folder)) throw DataError("'" + folder.string() + "' is not a folder");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!case_of(entry.path()).empty()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    throw DataError("'" + folder.string() +
                    "' holds no label maps (expected <case>_labels.nii.gz)");
  }
  LabelledMaps all{LabelMap(0, config.data.height, config.data.width), {}};
  for (const auto& file : files) {
    append(all, data::canonical(data::read_label_volume(file)), file, plane_of(config.data),
           static_cast<int>(config.data.classes.size()));
  }
  return all;
}

}  // namespace asyndgan::program
