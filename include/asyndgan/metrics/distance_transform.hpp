// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "asyndgan/core/error.hpp"

namespace asyndgan::metrics {

/// Distance between neighbouring pixels, in mm. Slices that are infinitely far apart are
/// measured each on its own: for stacks of which only the spacing in the plane is known.
struct Spacing {
  double z = std::numeric_limits<double>::infinity();
  double y = 1;
  double x = 1;

  [[nodiscard]] bool separate_slices() const { return std::isinf(z); }
};

/// Extents of a stack of slices.
struct Extent {
  std::size_t depth = 1;
  std::size_t height = 0;
  std::size_t width = 0;

  [[nodiscard]] std::size_t size() const { return depth * height * width; }
};

namespace detail {

/// Scratch space of lower_envelope, kept between the lines of one image.
struct Envelope {
  std::vector<double> height;       // of the parabola over each point of the line
  std::vector<std::size_t> vertex;  // points whose parabola is lowest somewhere
  std::vector<double> begin;        // mm, where that parabola starts to be the lowest
};

/// Replaces f by min over q of f(q) + (step * (p - q))^2 for the points p of one line.
/// Source  Felzenszwalb & Huttenlocher 2012, "Distance transforms of sampled functions", alg. 1.
inline void lower_envelope(double* f, std::size_t count, std::size_t stride, double step,
                           Envelope& scratch) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  scratch.height.resize(count);
  scratch.vertex.clear();
  scratch.begin.clear();
  for (std::size_t q = 0; q < count; ++q) {
    scratch.height[q] = f[q * stride];
    if (std::isinf(scratch.height[q])) continue;
    const double at = static_cast<double>(q) * step;
    double begin = -kInfinity;
    while (!scratch.vertex.empty()) {
      const std::size_t last = scratch.vertex.back();
      const double at_last = static_cast<double>(last) * step;
      // Where the parabolas over `last` and q cross.
      begin = (at + at_last + (scratch.height[q] - scratch.height[last]) / (at - at_last)) / 2;
      if (begin > scratch.begin.back()) break;
      scratch.vertex.pop_back();
      scratch.begin.pop_back();
      begin = -kInfinity;
    }
    scratch.vertex.push_back(q);
    scratch.begin.push_back(begin);
  }
  if (scratch.vertex.empty()) return;
  std::size_t k = 0;
  for (std::size_t p = 0; p < count; ++p) {
    const double at = static_cast<double>(p) * step;
    while (k + 1 < scratch.vertex.size() && scratch.begin[k + 1] < at) ++k;
    const double offset = at - static_cast<double>(scratch.vertex[k]) * step;
    f[p * stride] = scratch.height[scratch.vertex[k]] + offset * offset;
  }
}

}  // namespace detail

/// The squared Euclidean distance of every pixel to the nearest marked one, exact up to
/// rounding; infinite where none can be reached. Linear in the number of pixels.
///
/// Shapes    marked and the result in (depth, height, width) order.
/// Units     mm^2.
/// Requires  spacings above 0.
/// Source    Felzenszwalb & Huttenlocher 2012, one pass for each axis.
[[nodiscard]] inline std::vector<double> squared_distances(std::span<const std::uint8_t> marked,
                                                           const Extent& extent,
                                                           const Spacing& spacing) {
  if (marked.size() != extent.size()) {
    throw ShapeError("squared_distances: the mask does not have the extent's size");
  }
  if (!(spacing.x > 0 && spacing.y > 0 && spacing.z > 0)) {
    throw ContractViolation("squared_distances: a spacing is not positive");
  }
  const auto [depth, height, width] = extent;
  std::vector<double> squared(extent.size(), std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i] != 0) squared[i] = 0;
  }
  detail::Envelope scratch;
  for (std::size_t row = 0; row < depth * height; ++row) {
    detail::lower_envelope(&squared[row * width], width, 1, spacing.x, scratch);
  }
  for (std::size_t z = 0; z < depth; ++z) {
    for (std::size_t x = 0; x < width; ++x) {
      detail::lower_envelope(&squared[z * height * width + x], height, width, spacing.y, scratch);
    }
  }
  if (spacing.separate_slices()) return squared;
  for (std::size_t i = 0; i < height * width; ++i) {
    detail::lower_envelope(&squared[i], depth, height * width, spacing.z, scratch);
  }
  return squared;
}

}  // namespace asyndgan::metrics
