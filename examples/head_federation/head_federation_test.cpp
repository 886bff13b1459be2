// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parallel.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "atlas.hpp"
#include "patient.hpp"
#include "prepare.hpp"
#include "smooth_field.hpp"
#include "support/catch.hpp"

namespace head_federation {
namespace {

namespace fs = std::filesystem;

/// A head without detail, for what does not need the real one: shells of scalp and skull about
/// a brain of CSF, grey and white matter, with one region of each structure.
struct Doll {
  static constexpr int kSize = 181;
  std::vector<float> t1;
  std::vector<float> brain;
  std::vector<std::uint16_t> regions;

  Doll() {
    for (int z = 0; z < kSize; ++z) {
      for (int y = 0; y < kSize; ++y) {
        for (int x = 0; x < kSize; ++x) {
          const double r = std::hypot(x - 90, y - 90, z - 90);
          const float speckle = static_cast<float>((x * 7 + y * 13 + z * 29) % 11 - 5);
          const float value = r < 40   ? 110 + speckle
                              : r < 60 ? 85 + speckle
                              : r < 70 ? 50 + speckle
                              : r < 78 ? 5
                              : r < 88 ? 130
                                       : 0;
          t1.push_back(value);
          brain.push_back(r < 70 ? value : 0);
          regions.push_back(r < 10 ? 71 : r < 20 ? 37 : r < 30 ? 91 : 0);
        }
      }
    }
  }
};

const Atlas& doll_atlas() {
  static const Atlas atlas = [] {
    const Doll doll;
    return build_atlas(Doll::kSize, Doll::kSize, Doll::kSize, doll.t1, doll.brain, doll.regions);
  }();
  return atlas;
}

TEST_CASE("Tissues of a known head are found in spite of its speckle", "[head]") {
  const Atlas& atlas = doll_atlas();
  const auto at = [&](int from_centre) {
    return static_cast<int>(atlas.labels[atlas.index(90 + from_centre, 90, 90)]);
  };
  CHECK(at(5) == deep_nuclei);
  CHECK(at(15) == hippocampus);
  CHECK(at(25) == cerebellum);
  CHECK(at(35) == white_matter);
  CHECK(at(50) == grey_matter);
  CHECK(at(65) == csf);
  CHECK(at(74) == background);  // bone
  CHECK(at(83) == head);
  CHECK(at(90) == background);
  CHECK_THROWS_AS(build_atlas(2, 2, 2, {}, {}, {}), asyndgan::DataError);
  const std::vector<float> nothing(8);
  CHECK_THROWS_WITH(build_atlas(2, 2, 2, nothing, nothing, std::vector<std::uint16_t>(8)),
                    "the brain mask is empty");
}

TEST_CASE("A smooth field has mean 0, unit variance and no steps", "[head]") {
  const SmoothField field({.seed = 3}, 10, {0, 0, 0}, {400, 400, 60});
  double sum = 0;
  double squares = 0;
  double steepest = 0;
  int count = 0;
  for (double x = 0; x < 400; x += 4) {
    for (double y = 0; y < 400; y += 4) {
      for (double z = 0; z < 60; z += 6) {
        const double value = field({x, y, z});
        sum += value;
        squares += value * value;
        if (x < 399) steepest = std::max(steepest, std::abs(field({x + 0.01, y, z}) - value));
        ++count;
      }
    }
  }
  CHECK(std::abs(sum / count) < 0.05);         // 0.005 measured
  CHECK(std::abs(squares / count - 1) < 0.1);  // 0.015 measured
  CHECK(steepest < 0.01);                      // 0.006 measured
}

TEST_CASE("The field does not depend on the box it is asked for", "[head]") {
  const SmoothField wide({.seed = 3}, 10, {-60, -60, -60}, {100, 100, 100});
  const SmoothField narrow({.seed = 3}, 10, {10, 10, 10}, {30, 30, 30});
  CHECK(wide({12, 25, 29}) == narrow({12, 25, 29}));
  CHECK(wide({30, 10, 30}) == narrow({30, 10, 30}));
}

TEST_CASE("A patient is a function of seed, profile and number", "[head]") {
  const auto render = [](std::uint64_t seed, std::uint32_t profile, std::uint32_t number) {
    return render_patient(doll_atlas(),
                          {.seed = seed, .size = 24, .profile = profile, .number = number});
  };
  const Stack once = render(1, 0, 0);
  CHECK(once.intensity == render(1, 0, 0).intensity);
  CHECK(once.labels == render(1, 0, 0).labels);
  CHECK(once.labels != render(2, 0, 0).labels);
  CHECK(once.labels != render(1, 0, 1).labels);
  CHECK(once.labels != render(1, 1, 0).labels);
  CHECK(once.labels.size() == once.index(0, 0, kSlices));
}

TEST_CASE("Lesions come as often as the profile says", "[head]") {
  for (std::uint32_t profile = 0; profile < kProfiles.size(); ++profile) {
    constexpr int kPatients = 60;
    int with_lesion = 0;
    for (std::uint32_t number = 0; number < kPatients; ++number) {
      const Stack stack = render_patient(
          doll_atlas(), {.seed = 1, .size = 16, .profile = profile, .number = number});
      with_lesion += std::count(stack.labels.begin(), stack.labels.end(), lesion) > 0;
    }
    const double expected = kProfiles[profile].lesion_rate;
    const double spread = std::sqrt(expected * (1 - expected) / kPatients);
    CAPTURE(profile, with_lesion);
    CHECK(std::abs(with_lesion / double{kPatients} - expected) < 3 * spread);
  }
}

TEST_CASE("Bad settings are refused before anything is written", "[head]") {
  const fs::path out = fs::temp_directory_path() / "asyndgan_head_bad";
  fs::remove_all(out);
  const auto nothing = [](int, int) {};
  CHECK_THROWS_WITH(prepare({.out = out, .patients = 0}, nothing),
                    "patients must be between 1 and 10000, not 0");
  CHECK_THROWS_AS(prepare({.out = out, .test_patients = -1}, nothing), asyndgan::ConfigError);
  CHECK_THROWS_AS(prepare({.out = out, .size = 500}, nothing), asyndgan::ConfigError);
  CHECK_THROWS_WITH(prepare({.out = out, .templates = "/nowhere"}, nothing),
                    Catch::Contains("install the Debian package mricron-data"));
  CHECK_FALSE(fs::exists(out));
  CHECK_FALSE(fs::exists(out.string() + ".head-federation-part"));

  fs::create_directories(out);
  std::ofstream(out / "thesis.txt") << "not ours";
  CHECK_THROWS_WITH(prepare({.out = out, .replace = true}, nothing),
                    Catch::Contains("was not made by head_federation"));
  CHECK(fs::exists(out / "thesis.txt"));
  fs::remove_all(out);
}

/// All files below a folder with their bytes.
std::map<std::string, std::vector<std::byte>> contents(const fs::path& folder) {
  std::map<std::string, std::vector<std::byte>> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    files[entry.path().lexically_relative(folder).string()] =
        asyndgan::read_file(entry.path(), std::size_t{1} << 26);
  }
  return files;
}

TEST_CASE("The real head becomes a federation in which no site has what all have", "[head]") {
  const Settings defaults;
  if (!fs::exists(defaults.templates / "ch2.nii.gz")) {
    WARN("skipped: the Debian package mricron-data is not installed");
    return;
  }
  const fs::path out = fs::temp_directory_path() / "asyndgan_head_small";
  fs::remove_all(out);
  const Settings settings{.out = out, .patients = 3, .test_patients = 3, .size = 32};
  int last = 0;
  CHECK(prepare(settings, [&](int done, int all) {
          CHECK(all == 12);
          last = done;
        }) == Outcome::made);
  CHECK(last == 12);
  const auto first = contents(out);
  CHECK(first.size() == 2 * 12 + 2);
  CHECK(prepare(settings, [](int, int) { FAIL("made again"); }) == Outcome::was_there);

  std::map<std::string, std::set<int>> classes;  // of each folder
  for (const auto& [name, bytes] : first) {
    if (name.find("_labels") == std::string::npos) continue;
    const auto labels = asyndgan::data::read_label_volume(out / name);
    const std::string stem = name.substr(0, name.find("_labels"));
    const auto image = asyndgan::data::read_volume(out / (stem + "_T1.nii.gz"));
    CHECK(asyndgan::data::difference(labels.grid, image.grid).empty());
    CHECK(image.grid.size == std::array<int, 3>{32, 32, kSlices});
    CHECK(image.grid.spacing == std::array<double, 3>{6.5, 6.5, 5});
    CHECK(image.grid.direction[1][1] == 1);  // rows go to the back
    CHECK(image.grid.direction[0][0] == 1);  // columns to the left
    auto& seen = classes[name.substr(0, name.find('/'))];
    seen.insert(labels.voxels.begin(), labels.voxels.end());
  }
  CHECK(classes["site-a"].count(cerebellum) == 1);
  CHECK(classes["site-c"].count(cerebellum) == 0);
  CHECK(classes["site-c"].count(deep_nuclei) == 0);
  CHECK(classes["site-c"].count(lesion) == 1);
  CHECK(classes["site-b"].count(deep_nuclei) == 1);

  // Other settings are refused, unless told to replace; one thread writes the same bytes.
  Settings other = settings;
  other.seed = 2;
  CHECK_THROWS_WITH(prepare(other, [](int, int) {}), Catch::Contains("made with other settings"));
  other.replace = true;
  CHECK(prepare(other, [](int, int) {}) == Outcome::made);
  Settings back = settings;
  back.replace = true;
  const int threads = asyndgan::thread_count();
  asyndgan::set_thread_count(1);
  CHECK(prepare(back, [](int, int) {}) == Outcome::made);
  asyndgan::set_thread_count(threads);
  const bool same = contents(out) == first;
  CHECK(same);
  fs::remove_all(out);
}

}  // namespace
}  // namespace head_federation
