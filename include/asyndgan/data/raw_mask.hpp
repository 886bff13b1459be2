// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace asyndgan::data {

/// Label values of one slice as its file has them: tissue codes, or numbers of instances.
struct RawMask {
  int height = 0;
  int width = 0;
  std::vector<std::uint16_t> values;  // (height, width)

  [[nodiscard]] std::uint16_t at(int y, int x) const {
    return values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)];
  }
};

}  // namespace asyndgan::data
