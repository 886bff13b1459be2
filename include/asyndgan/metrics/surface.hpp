// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/metrics/distance_transform.hpp"
#include "asyndgan/metrics/overlap.hpp"  // require_same_size
#include "asyndgan/metrics/quantile.hpp"

namespace asyndgan::metrics {

/// How far the outlines of prediction and truth are apart, in mm.
struct SurfaceError {
  double hausdorff95;  // the larger of the two directions' 95th percentiles
  double mean;         // over the outline pixels of both, each to the other outline
};

namespace detail {

/// Slices, rows and columns from `first` to before `end`.
struct Box {
  std::array<int, 3> first{std::numeric_limits<int>::max(), std::numeric_limits<int>::max(),
                           std::numeric_limits<int>::max()};
  std::array<int, 3> end{};

  void add(const LabelMap& map, int label) {
    auto at = map.labels.begin();
    for (int n = 0; n < map.n; ++n) {
      for (int y = 0; y < map.h; ++y) {
        const auto row = at;
        at += map.w;
        const auto left = std::find(row, at, label);
        if (left == at) continue;
        int right = map.w;
        while (row[right - 1] != label) --right;
        const std::array<int, 3> low{n, y, static_cast<int>(left - row)};
        const std::array<int, 3> high{n + 1, y + 1, right};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          first[axis] = std::min(first[axis], low[axis]);
          end[axis] = std::max(end[axis], high[axis]);
        }
      }
    }
  }
  [[nodiscard]] bool empty() const { return end[0] == 0; }
  [[nodiscard]] Extent extent() const {
    return {static_cast<std::size_t>(end[0] - first[0]),
            static_cast<std::size_t>(end[1] - first[1]),
            static_cast<std::size_t>(end[2] - first[2])};
  }
};

/// 1 where the class is, of the pixels in the box.
[[nodiscard]] inline std::vector<std::uint8_t> mask_of(const LabelMap& map, int label,
                                                       const Box& box) {
  std::vector<std::uint8_t> mask;
  mask.reserve(box.extent().size());
  for (int n = box.first[0]; n < box.end[0]; ++n) {
    for (int y = box.first[1]; y < box.end[1]; ++y) {
      for (int x = box.first[2]; x < box.end[2]; ++x) {
        mask.push_back(map.at(n, y, x) == label ? 1 : 0);
      }
    }
  }
  return mask;
}

/// Pixels of the mask with a face neighbour outside of it; the outside of the image is outside
/// of the mask. Slices measured apart have no neighbours above and below.
[[nodiscard]] inline std::vector<std::uint8_t> outline(std::span<const std::uint8_t> mask,
                                                       const Extent& extent, bool in_plane) {
  const auto [depth, height, width] = extent;
  const std::size_t plane = height * width;
  std::vector<std::uint8_t> result(mask.size());
  std::size_t i = 0;
  for (std::size_t z = 0; z < depth; ++z) {
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x, ++i) {
        if (mask[i] == 0) continue;
        const bool inside = x > 0 && mask[i - 1] != 0 && x + 1 < width && mask[i + 1] != 0 &&
                            y > 0 && mask[i - width] != 0 && y + 1 < height && mask[i + width] != 0;
        const bool covered =
            in_plane || (z > 0 && mask[i - plane] != 0 && z + 1 < depth && mask[i + plane] != 0);
        result[i] = inside && covered ? 0 : 1;
      }
    }
  }
  return result;
}

/// For each pixel of `from`, the distance to the nearest of `to`, at most `farthest`.
[[nodiscard]] inline std::vector<double> distances(std::span<const std::uint8_t> from,
                                                   std::span<const std::uint8_t> to,
                                                   const Extent& extent, const Spacing& spacing,
                                                   double farthest) {
  const auto squared = squared_distances(to, extent, spacing);
  std::vector<double> result;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 0) result.push_back(std::min(std::sqrt(squared[i]), farthest));
  }
  return result;
}

/// Corner to corner of the stack, or of a slice where they are measured apart.
[[nodiscard]] inline double diagonal(const Extent& extent, const Spacing& spacing) {
  const double z = spacing.separate_slices() ? 0 : static_cast<double>(extent.depth) * spacing.z;
  return std::hypot(z, static_cast<double>(extent.height) * spacing.y,
                    static_cast<double>(extent.width) * spacing.x);
}

}  // namespace detail

/// Hausdorff distance (95 %) and mean distance between the outlines of one class; the N images
/// are the slices of one case, in order.
///
/// Units    mm.
/// Ensures  nothing where the class is in neither map. Where it is in one only, there is no
///          distance, and both figures are the diagonal of the image, the worst that could
///          be; so is the distance of an outline pixel whose slice, measured apart, lacks
///          the other outline.
/// Errors   ShapeError on maps of different size.
/// Source   Maier-Hein et al. 2024, "Metrics reloaded": the larger of the directed percentiles.
///          (MedPy takes the percentile of both directions pooled, and reports less.)
[[nodiscard]] inline std::optional<SurfaceError> surface_error(const LabelMap& prediction,
                                                               const LabelMap& truth, int label,
                                                               const Spacing& spacing) {
  detail::require_same_size(prediction, truth);
  const Extent whole{static_cast<std::size_t>(truth.n), static_cast<std::size_t>(truth.h),
                     static_cast<std::size_t>(truth.w)};
  const bool in_plane = spacing.separate_slices() || whole.depth == 1;
  // Beyond the box of the class in both maps there is nothing, as beyond the image.
  detail::Box box;
  box.add(prediction, label);
  box.add(truth, label);
  if (box.empty()) return std::nullopt;
  const Extent extent = box.extent();
  const auto found = detail::outline(detail::mask_of(prediction, label, box), extent, in_plane);
  const auto real = detail::outline(detail::mask_of(truth, label, box), extent, in_plane);
  const double farthest = detail::diagonal(whole, spacing);
  const auto from_found = detail::distances(found, real, extent, spacing, farthest);
  const auto from_real = detail::distances(real, found, extent, spacing, farthest);
  if (from_found.empty() || from_real.empty()) return SurfaceError{farthest, farthest};
  const double sum = std::accumulate(from_found.begin(), from_found.end(), 0.0) +
                     std::accumulate(from_real.begin(), from_real.end(), 0.0);
  return SurfaceError{std::max(quantile(from_found, 0.95), quantile(from_real, 0.95)),
                      sum / static_cast<double>(from_found.size() + from_real.size())};
}

}  // namespace asyndgan::metrics
