// SPDX-License-Identifier: Apache-2.0
#include "label_maps.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/case_files.hpp"
#include "asyndgan/data/orientation.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "federation_data.hpp"

namespace asyndgan::program {

namespace {

namespace fs = std::filesystem;

void append(LabelledMaps& all, const std::string& id, const fs::path& file, data::Plane plane,
            int classes) {
  const data::LabelVolume volume = data::canonical(data::read_label_volume(file));
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
    all.info.push_back({id, k, shape.spacing_y, shape.spacing_x, shape.spacing_z});
  }
  all.maps.n += shape.slices;
  all.grids.emplace(id, volume.grid);
}

}  // namespace

LabelledMaps read_label_maps(const fs::path& folder, const RunConfig& config) {
  LabelledMaps all{LabelMap(0, config.data.height, config.data.width), {}, {}};
  for (const auto& [id, file] : data::find_label_volumes(folder)) {
    append(all, id, file, plane_of(config.data), static_cast<int>(config.data.classes.size()));
  }
  return all;
}

LabelledMaps read_public_label_maps(const RunConfig& config) {
  const fs::path& folder = config.data.public_label_maps;
  if (folder.empty()) {
    throw ConfigError(
        "data.public_label_maps: missing, but a site's policy keeps its label maps; expected the "
        "path of maps to draw for");
  }
  return read_label_maps(folder, config);
}

}  // namespace asyndgan::program
