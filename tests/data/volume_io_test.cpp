// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/volume_io.hpp"

#include <cmath>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/random.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::data {
namespace {

using test::TemporaryFolder;

/// Anisotropic, rotated about two axes, no extent like another.
Grid oblique_grid() {
  Grid grid{.size = {5, 4, 3}, .spacing = {0.9, 1.1, 2.5}, .origin = {-80.25, 12.5, 33}};
  const double a = 0.3;
  const double b = -0.2;
  grid.direction = {{{std::cos(a), std::sin(a), 0},
                     {-std::sin(a) * std::cos(b), std::cos(a) * std::cos(b), std::sin(b)},
                     {std::sin(a) * std::sin(b), -std::cos(a) * std::sin(b), std::cos(b)}}};
  return grid;
}

Volume random_volume(const Grid& grid) {
  Volume volume{.grid = grid, .voxels = std::vector<float>(grid.count()), .unit = ""};
  const random::Stream stream({.seed = 1});
  for (std::size_t i = 0; i < volume.voxels.size(); ++i) {
    volume.voxels[i] = static_cast<float>(1000 * stream.normal(i));
  }
  return volume;
}

double largest_difference(const Grid& a, const Grid& b) {
  double largest = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    largest = std::max(largest, std::abs(a.spacing[axis] - b.spacing[axis]));
    largest = std::max(largest, std::abs(a.origin[axis] - b.origin[axis]));
    for (std::size_t p = 0; p < 3; ++p) {
      largest = std::max(largest, std::abs(a.direction[axis][p] - b.direction[axis][p]));
    }
  }
  return largest;
}

// NIfTI keeps the grid in single precision: 2.8e-8 measured. MetaImage writes it as text: 0.
TEST_CASE("A volume comes back voxel for voxel, with grid and unit", "[data]") {
  const TemporaryFolder folder;
  Volume volume = random_volume(oblique_grid());
  for (const std::string unit : {"", "HU"}) {
    volume.unit = unit;
    for (const std::string extension : {".nii", ".nii.gz", ".mha"}) {
      CAPTURE(extension, unit);
      const auto path = folder / ("scan" + extension);
      write_volume(path, volume);
      const Volume back = read_volume(path);
      CHECK(back.voxels == volume.voxels);
      CHECK(back.unit == unit);
      CHECK(back.grid.size == volume.grid.size);
      CHECK(largest_difference(back.grid, volume.grid) < (extension == ".mha" ? 1e-12 : 1e-6));
      CHECK(difference(back.grid, volume.grid).empty());
    }
  }
  CHECK(folder.entries() == 3);
}

TEST_CASE("Labels come back exactly, in 8 bits where they fit", "[data]") {
  const TemporaryFolder folder;
  LabelVolume labels{.grid = oblique_grid(), .voxels = std::vector<std::uint16_t>(60)};
  for (std::size_t i = 0; i < 60; ++i) labels.voxels[i] = static_cast<std::uint16_t>(i % 7);
  for (const std::string extension : {".nii", ".nii.gz", ".mha"}) {
    labels.voxels[3] = 255;
    write_label_volume(folder / ("narrow" + extension), labels);
    CHECK(read_label_volume(folder / ("narrow" + extension)).voxels == labels.voxels);
    labels.voxels[3] = 65535;
    write_label_volume(folder / ("wide" + extension), labels);
    const LabelVolume back = read_label_volume(folder / ("wide" + extension));
    CHECK(back.voxels == labels.voxels);
    CHECK(difference(back.grid, labels.grid).empty());
  }
  CHECK(std::filesystem::file_size(folder / "narrow.nii") == 352 + 60);
  CHECK(std::filesystem::file_size(folder / "wide.nii") == 352 + 120);
}

TEST_CASE("A volume of one slice and a volume of one voxel are volumes", "[data]") {
  const TemporaryFolder folder;
  for (const std::array<int, 3> size : {std::array{7, 5, 1}, std::array{1, 1, 1}, {1, 6, 1}}) {
    for (const std::string extension : {".nii", ".nii.gz", ".mha"}) {
      CAPTURE(extension, to_string(size));
      const Volume volume = random_volume({.size = size, .spacing = {1, 2, 3}});
      write_volume(folder / ("v" + extension), volume);
      const Volume back = read_volume(folder / ("v" + extension));
      CHECK(back.grid.size == size);
      CHECK(back.voxels == volume.voxels);
    }
  }
}

TEST_CASE("A full disk leaves the previous volume in place", "[data]") {
  const TemporaryFolder folder;
  const Volume small = random_volume({.size = {3, 3, 3}});
  const Volume large = random_volume({.size = {30, 30, 30}});
  for (const std::string extension : {".nii", ".nii.gz", ".mha"}) {
    CAPTURE(extension);
    const TemporaryFolder own;
    write_volume(own / ("v" + extension), small);
    {
      const test::FullDisk full(20'000);
      CHECK_THROWS_AS(write_volume(own / ("v" + extension), large), WriteError);
    }
    CHECK(read_volume(own / ("v" + extension)).voxels == small.voxels);
    CHECK(own.entries() == 1);
  }
}

TEST_CASE("What cannot be written is refused, saying why", "[data]") {
  const TemporaryFolder folder;
  Volume volume = random_volume({.size = {3, 2, 2}});
  CHECK_THROWS_WITH(write_volume(folder / "v.mhd", volume),
                    "'" + (folder / "v.mhd").string() +
                        "': unsupported extension, expected .nii, .nii.gz or .mha");
  CHECK_THROWS_WITH(
      write_volume(folder / "none" / "v.nii", volume),
      "cannot create '" + (folder / "none" / "v.nii").string() + "': No such file or directory");
  volume.voxels.pop_back();
  CHECK_THROWS_WITH(write_volume(folder / "v.nii", volume),
                    "write_volume: 11 voxels for size 3x2x2");
  volume.grid.spacing[1] = 0;
  CHECK_THROWS_WITH(write_volume(folder / "v.nii", volume),
                    "write_volume: size 3x2x2, spacing (1, 0, 1) mm (all must be positive)");
  volume.grid = {.size = {11, 1, 1}};
  volume.grid.direction[1] = {0.1, 1, 0};
  CHECK_THROWS_AS(write_volume(folder / "v.nii", volume), ContractViolation);
  CHECK(folder.entries() == 0);
}

}  // namespace
}  // namespace asyndgan::data
