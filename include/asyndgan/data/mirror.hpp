// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>

#include "asyndgan/data/slices.hpp"

namespace asyndgan::data {

/// Mirrors image `n` and its labels left to right, in place.
///
/// Requires  n < slices.size().
inline void mirror(Slices& slices, std::size_t n) {
  const Shape& shape = slices.images.shape();
  const auto width = static_cast<std::size_t>(shape.w);
  const auto rows = [&](auto* first, std::size_t pixels) {
    for (auto* row = first; row != first + pixels; row += width) std::reverse(row, row + width);
  };
  rows(slices.images.data() + n * shape.image(), shape.image());
  rows(slices.labels.labels.data() + n * shape.plane(), shape.plane());
}

}  // namespace asyndgan::data
