// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "networks.hpp"
#include "run_folder.hpp"
#include "synthesise.hpp"
#include "train.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

namespace {

namespace fs = std::filesystem;

/// Label maps of a folder, slice by slice along the third axis.
struct Maps {
  LabelMap maps;
  std::vector<data::SliceInfo> info;
};

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

void append(Maps& all, const data::LabelVolume& volume, const fs::path& file, int classes) {
  const auto& size = volume.grid.size;
  if (size[0] != all.maps.w || size[1] != all.maps.h) {
    throw DataError("'" + file.string() + "' has slices of " + std::to_string(size[1]) + " x " +
                    std::to_string(size[0]) + " pixels, this run draws " +
                    std::to_string(all.maps.h) + " x " + std::to_string(all.maps.w));
  }
  const auto largest = *std::max_element(volume.voxels.begin(), volume.voxels.end());
  if (largest >= classes) {
    throw DataError("'" + file.string() + "' has the label " + std::to_string(largest) +
                    ", this run knows 0 to " + std::to_string(classes - 1));
  }
  for (const std::uint16_t label : volume.voxels) {
    all.maps.labels.push_back(static_cast<std::uint8_t>(label));
  }
  all.maps.n += size[2];
  for (int k = 0; k < size[2]; ++k) {
    all.info.push_back(
        {case_of(file), k, volume.grid.spacing[1], volume.grid.spacing[0], volume.grid.spacing[2]});
  }
}

Maps read_maps(const fs::path& folder, const RunConfig& config) {
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
  Maps all{LabelMap(0, config.data.height, config.data.width), {}};
  for (const auto& file : files) {
    append(all, data::read_label_volume(file), file, static_cast<int>(config.data.classes.size()));
  }
  return all;
}

}  // namespace

int synthesize(const SynthesizeArguments& arguments, const Voice& voice) {
  const RunFolder folder = RunFolder::read(arguments.run);
  if (!fs::exists(generator_file(folder))) {
    throw DataError(arguments.run.string() +
                    ": its generator is not trained yet; run 'asyndgan "
                    "simulate' to the end first");
  }
  auto [maps, info] = read_maps(arguments.maps, folder.config());
  const int copies = arguments.copies > 0 ? arguments.copies : folder.config().synthesis.copies;
  const auto slices = draw(folder, maps, std::move(info), copies, voice);
  write_volumes(slices, arguments.out);
  voice.say(std::to_string(slices.size()) + " images for " + std::to_string(maps.n) +
            " label maps: " + arguments.out.string());
  if (voice.json) {
    std::cout << nlohmann::ordered_json{{"maps", maps.n},
                                        {"images", slices.size()},
                                        {"folder", arguments.out.string()}}
                     .dump(2)
              << '\n';
  }
  return kDone;
}

}  // namespace asyndgan::program
