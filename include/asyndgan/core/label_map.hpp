// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"

namespace asyndgan {

/// A batch of label maps, (N, H, W): the class index of every pixel. What the sites share, and
/// what the generator draws an image for.
struct LabelMap {
  LabelMap() = default;

  /// All pixels class 0, the background. Throws ShapeError on a negative extent.
  LabelMap(int n_, int h_, int w_) : n(n_), h(h_), w(w_) {
    if (n < 0 || h < 0 || w < 0) {
      throw ShapeError("LabelMap: negative extent in (" + std::to_string(n) + ", " +
                       std::to_string(h) + ", " + std::to_string(w) + ")");
    }
    labels.resize(static_cast<std::size_t>(n) * plane());
  }

  [[nodiscard]] std::size_t plane() const {
    return static_cast<std::size_t>(h) * static_cast<std::size_t>(w);
  }
  [[nodiscard]] std::uint8_t& at(int i, int y, int x) { return labels[offset(i, y, x)]; }
  [[nodiscard]] std::uint8_t at(int i, int y, int x) const { return labels[offset(i, y, x)]; }

  friend bool operator==(const LabelMap&, const LabelMap&) = default;

  int n = 0;
  int h = 0;
  int w = 0;
  std::vector<std::uint8_t> labels;

 private:
  [[nodiscard]] std::size_t offset(int i, int y, int x) const {
    return static_cast<std::size_t>(i) * plane() +
           static_cast<std::size_t>(y) * static_cast<std::size_t>(w) + static_cast<std::size_t>(x);
  }
};

}  // namespace asyndgan
