// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/volume.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include "support/catch.hpp"

namespace asyndgan::data {
namespace {

TEST_CASE("Voxels lie in memory with the first axis fastest", "[data]") {
  Volume volume{.grid = {.size = {4, 3, 2}}, .voxels = std::vector<float>(24), .unit = {}};
  CHECK(volume.grid.count() == 24);
  volume.at(1, 2, 1) = 7;
  CHECK(volume.voxels[12 + 8 + 1] == 7);
  const LabelVolume labels{volume.grid, std::vector<std::uint16_t>(24, 65535)};
  CHECK(labels.at(3, 2, 1) == 65535);
}

TEST_CASE("A large grid is counted without overflow", "[data]") {
  CHECK(Grid{.size = {2048, 2048, 2048}}.count() == std::size_t{1} << 33);
}

// 90 degrees about z, by hand: the first axis runs along y, the second against x.
TEST_CASE("A voxel's place follows origin, spacing and directions", "[data]") {
  const Grid grid{.size = {4, 3, 2},
                  .spacing = {0.5, 2, 3},
                  .origin = {10, 20, 30},
                  .direction = {{{0, 1, 0}, {-1, 0, 0}, {0, 0, 1}}}};
  CHECK(grid.position(0, 0, 0) == std::array<double, 3>{10, 20, 30});
  CHECK(grid.position(2, 1, 1) == std::array<double, 3>{8, 21, 33});
  CHECK(grid.position(-1, 0, 0.5) == std::array<double, 3>{10, 19.5, 31.5});
}

TEST_CASE("Grids are written as people read them", "[data]") {
  CHECK(to_string(std::array<int, 3>{181, 217, 181}) == "181x217x181");
  CHECK(detail::join({1, 0.25, 1e10}) == "(1, 0.25, 1e+10)");
}

}  // namespace
}  // namespace asyndgan::data
