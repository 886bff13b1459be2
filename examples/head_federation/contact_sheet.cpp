// SPDX-License-Identifier: Apache-2.0
#include "contact_sheet.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "asyndgan/telemetry/png.hpp"
#include "asyndgan/telemetry/raster.hpp"

namespace head_federation {
namespace {

/// The intensity that 0.5 % of the voxels exceed: white on the sheet.
float white_level(const Stack& stack) {
  std::vector<float> sorted = stack.intensity;
  const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() * 199 / 200);
  std::nth_element(sorted.begin(), nth, sorted.end());
  return std::max(*nth, 1e-6F);
}

asyndgan::telemetry::Colour grey(float value, float white) {
  const auto level =
      static_cast<std::uint8_t>(std::lround(255 * std::clamp(value / white, 0.0F, 1.0F)));
  return {level, level, level};
}

}  // namespace

std::vector<std::byte> contact_sheet(std::span<const Stack> patients) {
  constexpr int kMagnification = 2;
  std::vector<const Stack*> rows;
  for (const Stack& stack : patients) {
    if (stack.slices > 0) rows.push_back(&stack);
  }
  if (rows.empty()) return {};
  const int tile = rows[0]->size * kMagnification;
  asyndgan::telemetry::Raster sheet;
  sheet.width = 2 * rows[0]->slices * tile;
  sheet.height = static_cast<int>(rows.size()) * tile;
  sheet.channels = 3;
  for (int row = 0; row < sheet.height; ++row) {
    const Stack& stack = *rows[static_cast<std::size_t>(row / tile)];
    const float white = white_level(stack);
    const int y = row % tile / kMagnification;
    for (int column = 0; column < sheet.width; ++column) {
      const int z = column / (2 * tile);
      const int x = column % tile / kMagnification;
      const std::size_t voxel = stack.index(x, y, z);
      const bool is_map = column / tile % 2 == 1;
      const auto colour = is_map ? asyndgan::telemetry::class_colour(stack.labels[voxel])
                                 : grey(stack.intensity[voxel], white);
      sheet.pixels.insert(sheet.pixels.end(), {colour.red, colour.green, colour.blue});
    }
  }
  return asyndgan::telemetry::encode_png(sheet);
}

}  // namespace head_federation
