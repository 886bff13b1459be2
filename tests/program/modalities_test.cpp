// SPDX-License-Identifier: Apache-2.0
//
// `asyndgan simulate` from files to the report, once for every kind of image.

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "asyndgan/data/volume_io.hpp"
#include "run_program.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"
#include "tiny_run.hpp"

namespace asyndgan::program {
namespace {

namespace fs = std::filesystem;
using test::contents;
using test::run;

using test::kHeight;
using test::kWidth;

fs::path write_config(const fs::path& folder, const nlohmann::json& data) {
  return test::write_config(folder, test::tiny_config(data));
}

nlohmann::json json_of(const fs::path& file) { return nlohmann::json::parse(contents(file)); }

/// Runs it and checks what every run must leave behind: report, rows, ledgers, and synthetic
/// volumes of `slices` slices in every channel.
void check_run(const fs::path& folder, const fs::path& config,
               const std::vector<std::string>& channels, const std::vector<std::string>& classes,
               int slices) {
  const auto ended = run(folder, {"simulate", config.string(), "--quiet", "--json"});
  CAPTURE(ended.err);
  REQUIRE(ended.code == 0);
  const fs::path out = folder / "run";

  std::map<std::string, std::set<std::string>> metrics;
  const auto report = json_of(out / "report.json");
  for (const auto& row : report.at("rows")) {
    metrics[row.at("case").get<std::string>()].insert(row.at("metric").get<std::string>());
    CHECK(row.at("value").is_number());  // NaN and infinity would be null
  }
  std::set<std::string> of_set{"training images", "segmenter training time"};
  for (const std::string metric : {"dice", "sensitivity", "specificity", "hd95"}) {
    of_set.insert({metric, metric + " low", metric + " high"});
  }
  for (const std::string& name : classes) of_set.insert("dice " + name);
  if (channels.size() == 3) of_set.insert({"aji", "aji low", "aji high"});  // nuclei
  CHECK(metrics["synthetic"] == of_set);
  CHECK(metrics["federation"] == std::set<std::string>{"training time", "throughput"});
  for (const std::string site : {"north", "south"}) {
    CHECK(metrics["site-" + site] ==
          std::set<std::string>{"bytes sent", "bytes sent per step", "bytes received"});

    // Label maps for 3 steps of 2 and for the synthesis, and a gradient a step.
    std::map<std::string, int> entries;
    std::ifstream ledger(out / "sites" / site / "ledger.jsonl");
    for (std::string line; std::getline(ledger, line);) {
      const auto entry = nlohmann::json::parse(line);
      for (const auto& part : entry.at("parts")) {
        ++entries[part.at("content").get<std::string>()];
      }
    }
    CHECK(entries["gradient"] == 3);
    CHECK(entries["label_maps"] == 4);
  }
  CHECK(metrics["run"] == std::set<std::string>{"finished"});
  CHECK(metrics.size() == 5);
  CHECK_THAT(contents(out / "report.html"), Catch::Contains("data:image/png;base64,"));

  std::set<std::string> written;
  for (const auto& entry : fs::directory_iterator(out / "synthetic")) {
    written.insert(entry.path().filename().string());
  }
  std::set<std::string> expected;
  for (const std::string site : {"north-001", "south-001"}) {
    expected.insert(site + "_labels.nii.gz");
    for (const std::string& channel : channels) {
      expected.insert(site + "_" + channel + ".nii.gz");
      const auto volume = data::read_volume(out / "synthetic" / (site + "_" + channel + ".nii.gz"));
      CHECK(volume.grid.size == std::array<int, 3>{kWidth, kHeight, slices});
      const auto [low, high] = std::minmax_element(volume.voxels.begin(), volume.voxels.end());
      CHECK(*low >= -1);
      CHECK(*low < *high);
      CHECK(*high <= 1);
    }
  }
  CHECK(written == expected);
}

/// A BraTS case of 4 slices: t1 and flair, or t1 alone, and labels with 4 for the last class.
void write_brats_case(const fs::path& folder, const std::string& id, std::uint32_t patient,
                      bool has_flair) {
  fs::create_directories(folder / id);
  for (int channel = 0; channel < (has_flair ? 2 : 1); ++channel) {
    data::write_volume(folder / id / (id + (channel == 0 ? "_t1.nii.gz" : "_flair.nii.gz")),
                       test::tiny_volume(patient, 4, channel).image);
  }
  auto labels = test::tiny_volume(patient).labels;
  std::replace(labels.voxels.begin(), labels.voxels.end(), std::uint16_t{3}, std::uint16_t{4});
  data::write_label_volume(folder / id / (id + "_seg.nii.gz"), labels);
}

TEST_CASE("simulate takes BraTS cases of sites that lack a channel to images with all of them",
          "[program]") {
  const test::Scratch scratch;
  for (const std::string id : {"a", "b"}) {
    const std::uint32_t patient = id == "a" ? 0 : 1;
    write_brats_case(scratch / "north", id, 1 + patient, true);
    write_brats_case(scratch / "south", id, 3 + patient, false);
    write_brats_case(scratch / "test", id, 5 + patient, true);
  }
  const std::string brats = "brats";
  const auto config = write_config(
      scratch.path(), {{"modality", "brain_mri"},
                       {"channels", {"t1", "flair"}},
                       {"classes", {"background", "core", "oedema", "enhancing"}},
                       {"label_values", nlohmann::json::parse("[[0], [1], [2], [3, 4]]")},
                       {"sites",
                        {{{"name", "north"}, {"folder", "north"}, {"layout", brats}},
                         {{"name", "south"},
                          {"folder", "south"},
                          {"layout", brats},
                          {"channels", nlohmann::json::array({"t1"})}}}},
                       {"test", {{"folder", "test"}, {"layout", brats}}}});
  check_run(scratch.path(), config, {"t1", "flair"}, {"core", "oedema", "enhancing"}, 8);

  const auto loaded = json_of(scratch / "run/results/load.json");
  CHECK(loaded.at("sites")[0].at("channels") == std::vector<std::string>{"t1", "flair"});
  CHECK(loaded.at("sites")[1].at("channels") == std::vector<std::string>{"t1"});
  // South shows itself one real channel beside two that were drawn.
  const fs::path pictures = scratch / "run/sites/south/pictures";
  CHECK(fs::exists(pictures / "real-1-0.png"));
  CHECK_FALSE(fs::exists(pictures / "real-1-1.png"));
  CHECK(fs::exists(pictures / "synthetic-1-1.png"));

  // A segmenter of both channels cannot learn from a site with one: said before anything is read.
  const auto refused = run(
      scratch.path(), {"check", config.string(), "--set", "segmenter.train_on=[\"each_site\"]"});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Catch::Contains("data.sites[1] lacks channels"));
}

/// A CT of 4 slices: air, a body of 40 HU and a bone of 1200 HU that the masks name 7.
void write_ct_case(const fs::path& folder, const std::string& id) {
  fs::create_directories(folder);
  const data::Grid grid{.size = {kWidth, kHeight, 4}, .spacing = {0.8, 0.8, 5}};
  data::Volume volume{grid, std::vector<float>(grid.count(), -1000), "HU"};
  data::LabelVolume labels{grid, std::vector<std::uint16_t>(grid.count())};
  for (int k = 0; k < 4; ++k) {
    for (int y = 4; y < 20; ++y) {
      for (int x = 3; x < 17; ++x) {
        const bool bone = y >= 8 && y < 14 && x >= 6 && x < 11 + k;
        volume.at(x, y, k) = bone ? 1200.F : 40.F;
        labels.at(x, y, k) = bone ? 7 : 0;
      }
    }
  }
  data::write_volume(folder / (id + "_ct.nii.gz"), volume);
  data::write_label_volume(folder / (id + "_labels.nii.gz"), labels);
}

TEST_CASE("simulate takes CT through its window of Hounsfield units", "[program]") {
  const test::Scratch scratch;
  for (const std::string folder : {"north", "south", "test"}) {
    write_ct_case(scratch / folder, "a");
    write_ct_case(scratch / folder, "b");
  }
  const auto config = write_config(
      scratch.path(),
      {{"modality", "ct"},
       {"channels", nlohmann::json::array({"ct"})},
       {"classes", {"rest", "bone"}},
       {"label_values", nlohmann::json::parse("[[0], [7]]")},
       {"window_centre", 240},
       {"window_width", 800},
       {"sites",
        {{{"name", "north"}, {"folder", "north"}}, {{"name", "south"}, {"folder", "south"}}}},
       {"test", {{"folder", "test"}}}});
  check_run(scratch.path(), config, {"ct"}, {"bone"}, 8);

  // From -160 to 640 HU: air is black, bone white, and 40 HU a quarter of the way.
  const auto picture = data::read_image2d(scratch / "run/sites/north/pictures/real-1-0.png");
  REQUIRE(picture.height == kHeight);
  REQUIRE(picture.width == kWidth);
  CHECK(picture.at(0, 0) == 0);
  CHECK(picture.at(10, 7) == 255);
  CHECK(picture.at(5, 4) == 64);

  const auto refused =
      run(scratch.path(), {"check", config.string(), "--set", "data.channels=[\"t1\"]"});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Catch::Contains("data.channels: expected [\"ct\"]"));
}

/// Pictures with two nuclei that touch: rows 4 to 11, columns 3 to 8 and 9 to 15.
void write_slides(const fs::path& folder, int count) {
  constexpr auto kPixels = static_cast<std::size_t>(kHeight) * kWidth;
  fs::create_directories(folder / "images");
  fs::create_directories(folder / "masks");
  for (int i = 0; i < count; ++i) {
    data::Image2d picture{.height = kHeight,
                          .width = kWidth,
                          .channels = 3,
                          .samples = std::vector<std::uint16_t>(3 * kPixels, 230)};
    data::Image2d mask{.height = kHeight,
                       .width = kWidth,
                       .bits = 16,
                       .samples = std::vector<std::uint16_t>(kPixels)};
    for (int y = 4; y < 12; ++y) {
      for (int x = 3; x < 16; ++x) {
        mask.at(y, x) = x < 9 ? 300 : 7;  // numbers of nuclei go beyond 8 bits
        picture.at(y, x, 0) = static_cast<std::uint16_t>(90 + 10 * i);
        picture.at(y, x, 1) = 40;
      }
    }
    const std::string name = "slide" + std::to_string(i) + ".png";
    data::write_image2d(folder / "images" / name, picture);
    data::write_image2d(folder / "masks" / name, mask);
  }
}

TEST_CASE("simulate takes pictures of nuclei to synthetic ones with contours", "[program]") {
  const test::Scratch scratch;
  for (const std::string folder : {"north", "south", "test"}) write_slides(scratch / folder, 4);
  const auto config = write_config(
      scratch.path(),
      {{"modality", "histology"},
       {"channels", {"red", "green", "blue"}},
       {"classes", {"background", "inside", "contour"}},
       {"sites",
        {{{"name", "north"}, {"folder", "north"}}, {{"name", "south"}, {"folder", "south"}}}},
       {"test", {{"folder", "test"}}}});
  check_run(scratch.path(), config, {"red", "green", "blue"}, {"inside", "contour"}, 4);

  // Of 8 x 6 and 8 x 7 pixels, 6 x 4 and 6 x 5 lie inside: the line between the two is contour.
  const auto labels = data::read_label_volume(scratch / "run/synthetic/north-001_labels.nii.gz");
  for (int k = 0; k < 4; ++k) {
    std::map<int, int> pixels;
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < kWidth; ++x) ++pixels[labels.at(x, y, k)];
    }
    CHECK(pixels == std::map<int, int>{{0, 376}, {1, 54}, {2, 50}});
    CHECK(labels.at(8, 7, k) == 2);
    CHECK(labels.at(9, 7, k) == 2);
    CHECK(labels.at(10, 7, k) == 1);
  }

  // One picture in colour each: what is written there has three channels.
  const auto real = data::read_image2d(scratch / "run/sites/north/pictures/real-1.png");
  CHECK(real.channels == 3);
  CHECK(real.at(5, 5, 0) == 90);
  CHECK(real.at(5, 5, 1) == 40);
  CHECK(real.at(5, 5, 2) == 230);

  fs::remove_all(scratch / "south" / "masks");
  const auto refused = run(scratch.path(), {"check", config.string()});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Catch::Contains("south: '" + (scratch / "south/masks").string() +
                                          "': no such folder"));
}

}  // namespace
}  // namespace asyndgan::program
