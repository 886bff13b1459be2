// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/orientation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "asyndgan/data/volume_io.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::data {
namespace {

/// Voxels are numbered in memory order; no extent or spacing is like another.
Volume numbered() {
  Volume volume{.grid = {.size = {4, 3, 2}, .spacing = {1, 2, 3}, .origin = {10, -20, 30}},
                .voxels = std::vector<float>(24),
                .unit = "HU"};
  std::iota(volume.voxels.begin(), volume.voxels.end(), 0.0F);
  return volume;
}

/// The same head in a file whose axis a runs along canonical axis order[a], backwards where
/// reversed[a]. Written from the definition: each voxel is placed by its position.
Volume stored_as(const Volume& volume, const std::array<std::size_t, 3>& order,
                 const std::array<bool, 3>& reversed) {
  Volume file = volume;
  std::array<double, 3> corner{};
  for (std::size_t a = 0; a < 3; ++a) {
    const std::size_t p = order[a];
    file.grid.size[a] = volume.grid.size[p];
    file.grid.spacing[a] = volume.grid.spacing[p];
    file.grid.direction[a] = {};
    file.grid.direction[a][p] = reversed[a] ? -1 : 1;
    if (reversed[a]) corner[p] = volume.grid.size[p] - 1;
  }
  file.grid.origin = volume.grid.position(corner[0], corner[1], corner[2]);
  for (int k = 0; k < file.grid.size[2]; ++k) {
    for (int j = 0; j < file.grid.size[1]; ++j) {
      for (int i = 0; i < file.grid.size[0]; ++i) {
        const auto point = file.grid.position(i, j, k);
        const auto index = [&](std::size_t p) {
          return static_cast<int>(
              std::lround((point[p] - volume.grid.origin[p]) / volume.grid.spacing[p]));
        };
        file.at(i, j, k) = volume.at(index(0), index(1), index(2));
      }
    }
  }
  return file;
}

TEST_CASE("All 48 ways to store a volume become the same canonical one", "[data]") {
  const Volume volume = numbered();
  std::array<std::size_t, 3> order{0, 1, 2};
  int ways = 0;
  do {
    for (int bits = 0; bits < 8; ++bits) {
      const std::array<bool, 3> reversed{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0};
      const Volume back = canonical(stored_as(volume, order, reversed));
      CAPTURE(order[0], order[1], order[2], bits);
      CHECK(back.voxels == volume.voxels);
      CHECK(back.grid == volume.grid);
      CHECK(back.unit == "HU");
      ++ways;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(ways == 48);
}

TEST_CASE("An oblique volume keeps every voxel's place and turns to the nearest axes", "[data]") {
  Volume volume = numbered();
  const double c = std::cos(0.4);
  const double s = std::sin(0.4);
  volume.grid.direction = {{{0, 0, -1}, {-c, s, 0}, {s, c, 0}}};
  const Volume turned = canonical(volume);
  CHECK(turned.grid.size == std::array<int, 3>{3, 2, 4});
  for (std::size_t p = 0; p < 3; ++p) CHECK(turned.grid.direction[p][p] > 0.9);
  for (int k = 0; k < 4; ++k) {
    for (int j = 0; j < 2; ++j) {
      for (int i = 0; i < 3; ++i) {
        const auto here = turned.grid.position(i, j, k);
        const auto there = volume.grid.position(3 - k, 2 - i, j);
        CHECK(turned.at(i, j, k) == volume.at(3 - k, 2 - i, j));
        for (std::size_t p = 0; p < 3; ++p) {
          CHECK(std::abs(here[p] - there[p]) < 1e-13);  // measured 3.6e-15
        }
      }
    }
  }
}

TEST_CASE("Slices look as radiologists hang them", "[data]") {
  // value = 100 * superior + 10 * posterior + left
  Volume volume = numbered();
  for (int k = 0; k < 2; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 4; ++i) volume.at(i, j, k) = static_cast<float>(100 * k + 10 * j + i);
    }
  }
  const PlaneShape axial = plane_shape(volume.grid, Plane::axial);
  CHECK(axial.slices == 2);
  CHECK(axial.height == 3);
  CHECK(axial.width == 4);
  CHECK(axial.spacing_y == 2);
  CHECK(axial.spacing_x == 1);
  CHECK(axial.spacing_z == 3);
  CHECK(plane_pixels(volume, Plane::axial, 1) ==
        std::vector<float>{100, 101, 102, 103, 110, 111, 112, 113, 120, 121, 122, 123});
  const PlaneShape coronal = plane_shape(volume.grid, Plane::coronal);
  CHECK(coronal.slices == 3);
  CHECK(coronal.height == 2);
  CHECK(coronal.width == 4);
  CHECK(coronal.spacing_y == 3);
  CHECK(coronal.spacing_z == 2);
  CHECK(plane_pixels(volume, Plane::coronal, 2) ==
        std::vector<float>{120, 121, 122, 123, 20, 21, 22, 23});
  const PlaneShape sagittal = plane_shape(volume.grid, Plane::sagittal);
  CHECK(sagittal.slices == 4);
  CHECK(sagittal.height == 2);
  CHECK(sagittal.width == 3);
  CHECK(sagittal.spacing_x == 2);
  CHECK(sagittal.spacing_z == 1);
  CHECK(plane_pixels(volume, Plane::sagittal, 3) == std::vector<float>{103, 113, 123, 3, 13, 23});
}

TEST_CASE("Slices put back are the volume they were cut from", "[data]") {
  const Volume volume = numbered();
  for (const Plane plane : {Plane::axial, Plane::coronal, Plane::sagittal}) {
    const PlaneShape shape = plane_shape(volume.grid, plane);
    Volume back{grid_of(shape, plane), std::vector<float>(volume.voxels.size()), {}};
    for (int k = 0; k < shape.slices; ++k) {
      set_plane_pixels(back, plane, k, plane_pixels(volume, plane, k).data());
    }
    CHECK(back.grid.size == volume.grid.size);
    CHECK(back.grid.spacing == volume.grid.spacing);
    CHECK(back.voxels == volume.voxels);
  }
}

TEST_CASE("Axial is axial whatever the axis order of the file", "[data]") {
  const test::TemporaryFolder folder;
  const Volume volume = numbered();
  const Volume stored = stored_as(volume, {2, 0, 1}, {true, false, true});
  for (const std::string name : {"v.nii.gz", "v.mha"}) {
    write_volume(folder / name, stored);
    const Volume read = read_volume(folder / name);
    CHECK(read.voxels == stored.voxels);  // as stored, until canonical() is asked for
    const Volume back = canonical(read);
    CHECK(back.grid.size == volume.grid.size);
    CHECK(difference(back.grid, volume.grid).empty());
    for (int k = 0; k < 2; ++k) {
      CHECK(plane_pixels(back, Plane::axial, k) == plane_pixels(volume, Plane::axial, k));
    }
  }
}

TEST_CASE("Grids differ by what places voxels elsewhere, not by rounding", "[data]") {
  const Grid grid = numbered().grid;
  Grid other = grid;
  other.spacing[1] *= 1.0005;
  other.origin[0] += 0.05;
  CHECK(difference(other, grid).empty());
  other.origin[0] += 0.1;
  CHECK(difference(other, grid) == "origin (10.15, -20, 30) mm, expected (10, -20, 30) mm");
  other = grid;
  other.spacing[1] = 2.1;
  CHECK(difference(other, grid) == "spacing (1, 2.1, 3) mm, expected (1, 2, 3) mm");
  other = grid;
  other.size[2] = 5;
  CHECK(difference(other, grid) == "size 4x3x5, expected 4x3x2");
  other = grid;
  other.direction[0] = {-1, 0, 0};
  CHECK(difference(other, grid) == "axis 0 along (-1, 0, 0), expected (1, 0, 0)");
  other = grid;
  other.size[0] = 400;
  Grid long_grid = other;
  other.spacing[0] *= 1.0009;  // 0.36 voxels at the far end
  CHECK(difference(other, long_grid) ==
        "far corner (409.359, -20, 30) mm, expected (409, -20, 30) mm");
}

}  // namespace
}  // namespace asyndgan::data
