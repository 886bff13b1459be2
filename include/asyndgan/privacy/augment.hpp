// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/random.hpp"

namespace asyndgan::privacy {

/// Each map mirrored left to right with probability 1/2 and shifted by up to an eighth of its
/// extent each way, uniformly; what comes in from outside is class 0.
[[nodiscard]] inline LabelMap augment(const LabelMap& maps, const random::Key& key) {
  random::Sequence draw(key);
  LabelMap result(maps.n, maps.h, maps.w);
  const auto shift = [&draw](int extent) {
    const int most = extent / 8;
    return static_cast<int>(draw.below(static_cast<std::uint32_t>(2 * most + 1))) - most;
  };
  for (int n = 0; n < maps.n; ++n) {
    const bool mirrored = draw.below(2) == 1;
    const int down = shift(maps.h);
    const int right = shift(maps.w);
    for (int y = 0; y < maps.h; ++y) {
      const int from_y = y - down;
      if (from_y < 0 || from_y >= maps.h) continue;
      for (int x = 0; x < maps.w; ++x) {
        const int shifted = x - right;
        if (shifted < 0 || shifted >= maps.w) continue;
        result.at(n, y, x) = maps.at(n, from_y, mirrored ? maps.w - 1 - shifted : shifted);
      }
    }
  }
  return result;
}

}  // namespace asyndgan::privacy
