// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/data/phantom.hpp"
#include "asyndgan/data/volume_io.hpp"

/// The smallest runs of the program that do everything.
namespace asyndgan::program::test {

inline constexpr int kHeight = 24;  // not square, so that a mix-up of the two shows
inline constexpr int kWidth = 20;

/// The smallest networks and a few steps. `data` is the section of that name without its sizes.
[[nodiscard]] inline nlohmann::json tiny_config(nlohmann::json data) {
  data["height"] = kHeight;
  data["width"] = kWidth;
  return {{"data", std::move(data)},
          {"run", {{"output", "run"}}},
          {"generator", {{"base_channels", 2}, {"blocks", 1}}},
          {"discriminator", {{"base_channels", 2}, {"layers", 1}, {"per_channel", true}}},
          {"training", {{"steps", 3}, {"batch", 2}, {"checkpoint_every", 2}}},
          {"segmenter",
           {{"train_on", nlohmann::json::array({"synthetic"})},
            {"steps", 2},
            {"batch", 2},
            {"base_channels", 2},
            {"levels", 2}}}};
}

/// The configuration as a file in `folder`.
inline std::filesystem::path write_config(const std::filesystem::path& folder,
                                          const nlohmann::json& config) {
  std::ofstream(folder / "run.json") << config.dump(1);
  return folder / "run.json";
}

/// Slices of a phantom as one channel of an MR volume, and their labels.
struct TinyVolume {
  data::Volume image;
  data::LabelVolume labels;
};
[[nodiscard]] inline TinyVolume tiny_volume(std::uint32_t patient, int slices = 4,
                                            int channel = 0) {
  const auto drawn = data::phantom({.count = slices,
                                    .height = kHeight,
                                    .width = kWidth,
                                    .channels = channel + 1,
                                    .classes = 4,
                                    .seed = 5,
                                    .site = patient});
  const data::Grid grid{.size = {kWidth, kHeight, slices}, .spacing = {1, 1, 3}};
  TinyVolume volume{{grid, {}, {}}, {grid, {}}};
  for (int n = 0; n < slices; ++n) {
    const float* plane = &drawn.images(n, channel, 0, 0);
    for (std::size_t i = 0; i < drawn.images.shape().plane(); ++i) {
      volume.image.voxels.push_back(600 * (plane[i] + 1));  // as a scanner's
    }
  }
  volume.labels.voxels.assign(drawn.labels.labels.begin(), drawn.labels.labels.end());
  return volume;
}

/// Sites with a T1 volume of two patients each, and their configuration; no test set.
[[nodiscard]] inline nlohmann::json write_sites(const std::filesystem::path& folder,
                                                const std::vector<std::string>& sites) {
  std::uint32_t patient = 1;
  auto entries = nlohmann::json::array();
  for (const std::string& site : sites) {
    entries.push_back({{"name", site}, {"folder", site}});
    std::filesystem::create_directories(folder / site);
    for (const std::string id : {"a", "b"}) {
      const auto volume = tiny_volume(patient++);
      data::write_volume(folder / site / (id + "_t1.nii"), volume.image);
      data::write_label_volume(folder / site / (id + "_labels.nii"), volume.labels);
    }
  }
  auto config = tiny_config(
      {{"classes", {"background", "body", "liver", "spleen"}}, {"sites", std::move(entries)}});
  config["segmenter"]["train_on"] = nlohmann::json::array();
  return config;
}
[[nodiscard]] inline nlohmann::json write_two_sites(const std::filesystem::path& folder) {
  return write_sites(folder, {"north", "south"});
}

}  // namespace asyndgan::program::test
