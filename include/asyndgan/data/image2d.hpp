// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace asyndgan::data {

/// A picture as its file has it.
struct Image2d {
  int height = 0;
  int width = 0;
  int channels = 1;                    // 1 grey, 3 red, green, blue
  int bits = 8;                        // 8 or 16 per sample
  std::vector<std::uint16_t> samples;  // (height, width, channels), 0 ... 2^bits - 1
  double spacing_y = 1;                // mm from row to row; 1 where the file does not say
  double spacing_x = 1;

  [[nodiscard]] std::size_t offset(int y, int x, int channel) const {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
            static_cast<std::size_t>(x)) *
               static_cast<std::size_t>(channels) +
           static_cast<std::size_t>(channel);
  }
  [[nodiscard]] std::uint16_t at(int y, int x, int channel = 0) const {
    return samples[offset(y, x, channel)];
  }
  [[nodiscard]] std::uint16_t& at(int y, int x, int channel = 0) {
    return samples[offset(y, x, channel)];
  }

  friend bool operator==(const Image2d&, const Image2d&) = default;
};

}  // namespace asyndgan::data
