// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/slices.hpp"

namespace asyndgan::federation {

/// The images of the given numbers with their labels; those whose flag is set are mirrored left
/// to right, image and labels alike.
///
/// Requires  as many flags as numbers.
[[nodiscard]] inline data::Slices gather_mirrored(const data::Slices& from,
                                                  std::span<const std::size_t> numbers,
                                                  const std::vector<bool>& mirrored) {
  if (mirrored.size() != numbers.size()) {
    throw ContractViolation("gather_mirrored: " + std::to_string(mirrored.size()) + " flags for " +
                            std::to_string(numbers.size()) + " images");
  }
  data::Slices batch = gather(from, numbers);
  const Shape& shape = batch.images.shape();
  for (int n = 0; n < shape.n; ++n) {
    if (!mirrored[static_cast<std::size_t>(n)]) continue;
    for (int y = 0; y < shape.h; ++y) {
      for (int c = 0; c < shape.c; ++c) {
        float* row = &batch.images(n, c, y, 0);
        std::reverse(row, row + shape.w);
      }
      auto* row = &batch.labels.at(n, y, 0);
      std::reverse(row, row + shape.w);
    }
  }
  return batch;
}

}  // namespace asyndgan::federation
