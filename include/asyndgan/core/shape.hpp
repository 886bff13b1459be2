// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace asyndgan {

/// Extents of a tensor in NCHW order: batch, channels, height, width.
struct Shape {
  int n = 0;
  int c = 0;
  int h = 0;
  int w = 0;

  /// Number of pixels of one channel of one image, H * W.
  [[nodiscard]] constexpr std::size_t plane() const {
    return static_cast<std::size_t>(h) * static_cast<std::size_t>(w);
  }
  /// Number of elements of one image, C * H * W.
  [[nodiscard]] constexpr std::size_t image() const {
    return static_cast<std::size_t>(c) * plane();
  }
  [[nodiscard]] constexpr std::size_t size() const { return static_cast<std::size_t>(n) * image(); }

  friend constexpr bool operator==(const Shape&, const Shape&) = default;
};

/// "(1, 3, 256, 256)"
[[nodiscard]] inline std::string to_string(const Shape& shape) {
  return "(" + std::to_string(shape.n) + ", " + std::to_string(shape.c) + ", " +
         std::to_string(shape.h) + ", " + std::to_string(shape.w) + ")";
}

}  // namespace asyndgan
