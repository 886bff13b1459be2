// SPDX-License-Identifier: Apache-2.0
//
// What users' data can have wrong, as the program tells them: the site, the file, the value seen
// and what was expected.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "run_program.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"
#include "tiny_run.hpp"

namespace asyndgan::program {
namespace {

namespace fs = std::filesystem;
using test::run;
using test::tiny_volume;

/// What `verb` says after `damage` was done to the south's folder, its own name left out; the
/// program must end with 1.
std::string refusal(const std::string& verb, const std::function<void(const fs::path&)>& damage,
                    const std::vector<std::string>& settings = {}) {
  const test::Scratch scratch;
  const auto config = test::write_config(scratch.path(), test::write_two_sites(scratch.path()));
  damage(scratch / "south");
  std::vector<std::string> arguments{verb, config.string(), "--quiet"};
  for (const auto& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
  const auto ended = run(scratch.path(), arguments);
  CHECK(ended.code == 1);
  std::string text = ended.err;
  const std::string name = scratch.path().string() + "/";
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name)) {
    text.erase(at, name.size());
  }
  return text;
}

TEST_CASE("Files that are missing are named, with what was expected", "[program]") {
  const auto says = [](const std::string& expected, auto damage) {
    for (const std::string verb : {"check", "simulate"}) {
      CHECK_THAT(refusal(verb, damage), Catch::Contains(expected));
    }
  };
  says("south: 'south': no such folder", [](const fs::path& site) { fs::remove_all(site); });
  says(
      "south: 'south': no cases, expected files named <case>_<channel>.nii.gz and "
      "<case>_labels.nii.gz (or folders <case>_<channel> of DICOM slices) with channels 't1'",
      [](const fs::path& site) {
        fs::remove_all(site);
        fs::create_directory(site);
      });
  says("south: 'south': case 'b' has no image of channel 't1', only 'labels'",
       [](const fs::path& site) { fs::remove(site / "b_t1.nii"); });
  says("south: 'south': case 'a' has no label volume",
       [](const fs::path& site) { fs::remove(site / "a_labels.nii"); });
}

TEST_CASE("Every site whose folder is bad is named, and the test set, in one error", "[program]") {
  const std::string text = refusal("simulate",
                                   [](const fs::path& site) {
                                     fs::remove_all(site);
                                     fs::remove(site.parent_path() / "north" / "a_labels.nii");
                                   },
                                   {"data.test.folder=/none"});
  CHECK(text ==
        "asyndgan: data that cannot be used:\n"
        "  north: 'north': case 'a' has no label volume\n"
        "  south: 'south': no such folder\n"
        "  test: '/none': no such folder\n");
}

TEST_CASE("Files that are damaged are named, with the field or the voxel", "[program]") {
  const auto says = [](const std::string& expected, auto damage) {
    CHECK_THAT(refusal("simulate", damage), Catch::Contains(expected));
  };
  says("south: 'south/b_t1.nii': the file is empty",
       [](const fs::path& site) { fs::resize_file(site / "b_t1.nii", 0); });
  says("south: 'south/b_t1.nii': truncated: 7000 bytes, expected 8032",
       [](const fs::path& site) { fs::resize_file(site / "b_t1.nii", 7000); });
  says("south: 'south/b_t1.nii.gz': truncated", [](const fs::path& site) {
    fs::remove(site / "b_t1.nii");
    data::write_volume(site / "b_t1.nii.gz", tiny_volume(4).image);
    fs::resize_file(site / "b_t1.nii.gz", fs::file_size(site / "b_t1.nii.gz") / 2);
  });
  says("south: 'south/a_t1.nii': voxel (3, 1, 0) is nan, one of 1 that are not finite",
       [](const fs::path& site) {
         auto volume = tiny_volume(3).image;
         volume.voxels.at(1 * test::kWidth + 3) = std::numeric_limits<float>::quiet_NaN();
         data::write_volume(site / "a_t1.nii", volume);
       });
  says(
      "south: 'south/a_labels.nii', slice 2: label 9 at row 1, column 3 is no class, expected 0 "
      "background, 1 body, 2 liver, 3 spleen",
      [](const fs::path& site) {
        auto labels = tiny_volume(3).labels;
        labels.at(3, 1, 2) = 9;
        data::write_label_volume(site / "a_labels.nii", labels);
      });
}

TEST_CASE("An image that does not lie on its mask is refused with both sizes or spacings",
          "[program]") {
  CHECK_THAT(refusal("simulate",
                     [](const fs::path& site) {
                       data::write_label_volume(site / "a_labels.nii", tiny_volume(3, 3).labels);
                     }),
             Catch::Contains("south: 'south/a_t1.nii': size 20x24x4, expected 20x24x3 as in "
                             "'south/a_labels.nii'"));
  CHECK_THAT(refusal("simulate",
                     [](const fs::path& site) {
                       auto labels = tiny_volume(3).labels;
                       labels.grid.spacing[2] = 2.5;
                       data::write_label_volume(site / "a_labels.nii", labels);
                     }),
             Catch::Contains("south: 'south/a_t1.nii': spacing (1, 1, 3) mm, expected (1, 1, 2.5) "
                             "mm as in 'south/a_labels.nii'"));
}

TEST_CASE("A site with one image, and images smaller than a patch, are refused", "[program]") {
  const auto one_slice = [](const fs::path& site) {
    fs::remove(site / "b_t1.nii");
    fs::remove(site / "b_labels.nii");
    data::write_volume(site / "a_t1.nii", tiny_volume(3, 1).image);
    data::write_label_volume(site / "a_labels.nii", tiny_volume(3, 1).labels);
  };
  CHECK_THAT(refusal("simulate", one_slice),
             Catch::Contains("south: 'south': 1 slice(s) with at least 0 labelled pixels in 1 "
                             "case(s), expected at least 2"));
  const auto nothing = [](const fs::path&) {};
  CHECK_THAT(refusal("check", nothing, {"discriminator.layers=3"}),
             Catch::Contains("discriminator.layers: 3 given, which needs sides of at least 24 "
                             "pixels; the slices have 20"));
  CHECK_THAT(refusal("simulate", nothing, {"discriminator.layers=3"}),
             Catch::Contains("site 'north'") && Catch::Contains("(1, 5, 24, 20)") &&
                 Catch::Contains("sides of at least 24 pixels"));
}

TEST_CASE("A generator of another network is refused, with both networks", "[program]") {
  const test::Scratch scratch;
  const auto config = test::write_config(scratch.path(), test::write_two_sites(scratch.path()));
  const auto simulate = [&](const std::string& out, const std::string& base) {
    return run(scratch.path(), {"simulate", config.string(), "--quiet", "--out", out, "--set",
                                "generator.base_channels=" + base})
        .code;
  };
  const std::string small = (scratch / "small").string();
  const std::string large = (scratch / "large").string();
  REQUIRE(simulate(small, "2") == 0);
  REQUIRE(simulate(large, "3") == 0);
  const fs::path file = scratch / "small/generator.safetensors";
  fs::copy_file(scratch / "large/generator.safetensors", file,
                fs::copy_options::overwrite_existing);
  const std::vector<std::string> synthesize{"synthesize",         small,   "--maps",
                                            small + "/synthetic", "--out", small + "-drawn"};
  const auto ended = run(scratch.path(), synthesize);
  CHECK(ended.code == 1);
  CHECK_THAT(ended.err, Catch::Contains(file.string()) &&
                            Catch::Contains("it holds 'ResnetGenerator 5 -> 1, base 3,") &&
                            Catch::Contains("expected 'ResnetGenerator 5 -> 1, base 2,"));
  CHECK_FALSE(fs::exists(small + "-drawn"));
  fs::resize_file(file, fs::file_size(file) / 2);
  const auto cut = run(scratch.path(), synthesize);
  CHECK(cut.code == 1);
  CHECK_THAT(cut.err, Catch::Contains(file.string()));
}

}  // namespace
}  // namespace asyndgan::program
