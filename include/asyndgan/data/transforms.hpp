// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/data/resample.hpp"
#include "asyndgan/data/slices.hpp"

/// Transforms of image and mask together: what moves a pixel moves its label.
namespace asyndgan::data {

inline constexpr float kBackground = -1;  // intensity where there is no image

namespace detail {

[[nodiscard]] inline Extent extent_of(const Slices& slices) {
  return {slices.images.shape().h, slices.images.shape().w};
}

/// The same slices with every plane of pixels and of labels replaced by what `on_pixels` and
/// `on_labels` make of it; both get the number of the image.
template <class F, class G>
[[nodiscard]] Slices map_planes(const Slices& from, Extent to, const F& on_pixels,
                                const G& on_labels) {
  const Shape& shape = from.images.shape();
  const Shape result_shape{shape.n, shape.c, to.height, to.width};
  Slices result{.images = Tensor<float>::uninitialized(result_shape),
                .labels = LabelMap(shape.n, to.height, to.width),
                .info = from.info,
                .classes = from.classes,
                .channels = from.channels};
  const std::size_t plane = shape.plane();
  float* pixels = result.images.data();
  auto labels = result.labels.labels.begin();
  for (std::size_t n = 0; n < from.size(); ++n) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(shape.c); ++c) {
      const auto source = std::span(from.images.data() + n * shape.image() + c * plane, plane);
      const std::vector<float> changed = on_pixels(n, source);
      pixels = std::copy(changed.begin(), changed.end(), pixels);
    }
    const std::vector<std::uint8_t> changed =
        on_labels(n, std::span(from.labels.labels.data() + n * plane, plane));
    labels = std::copy(changed.begin(), changed.end(), labels);
  }
  return result;
}

template <class T>
[[nodiscard]] std::vector<T> mirrored(std::span<const T> pixels, Extent extent, bool rows,
                                      bool columns) {
  std::vector<T> result(pixels.begin(), pixels.end());
  const auto width = static_cast<std::ptrdiff_t>(extent.width);
  if (columns) {
    for (auto row = result.begin(); row != result.end(); row += width) {
      std::reverse(row, row + width);
    }
  }
  if (rows) {
    for (std::ptrdiff_t y = 0; y < extent.height / 2; ++y) {
      std::swap_ranges(result.begin() + y * width, result.begin() + (y + 1) * width,
                       result.begin() + (extent.height - 1 - y) * width);
    }
  }
  return result;
}

}  // namespace detail

/// Images bilinear, labels nearest; spacings follow. Throws ContractViolation unless both
/// extents are at least 1.
[[nodiscard]] inline Slices resize(const Slices& from, Extent to) {
  const Extent extent = detail::extent_of(from);
  if (to.height < 1 || to.width < 1 || extent.count() == 0) {
    throw ContractViolation("resize: " + std::to_string(extent.height) + "x" +
                            std::to_string(extent.width) + " to " + std::to_string(to.height) +
                            "x" + std::to_string(to.width));
  }
  Slices result = detail::map_planes(
      from, to,
      [&](std::size_t, std::span<const float> pixels) {
        return resize_bilinear(pixels, extent, to);
      },
      [&](std::size_t, std::span<const std::uint8_t> labels) {
        return resize_nearest(labels, extent, to);
      });
  for (SliceInfo& info : result.info) {
    info.spacing_y *= static_cast<double>(extent.height) / to.height;
    info.spacing_x *= static_cast<double>(extent.width) / to.width;
  }
  return result;
}

/// The window of extent `to` at (top, left). It may reach over the edge: there the image is
/// kBackground and the label 0.
[[nodiscard]] inline Slices crop(const Slices& from, int top, int left, Extent to) {
  const Extent extent = detail::extent_of(from);
  return detail::map_planes(
      from, to,
      [&](std::size_t, std::span<const float> pixels) {
        return crop(pixels, extent, top, left, to, kBackground);
      },
      [&](std::size_t, std::span<const std::uint8_t> labels) {
        return crop(labels, extent, top, left, to, std::uint8_t{0});
      });
}

/// Mirrors top to bottom (`rows`), left to right (`columns`), or both.
[[nodiscard]] inline Slices flip(const Slices& from, bool rows, bool columns) {
  const Extent extent = detail::extent_of(from);
  return detail::map_planes(
      from, extent,
      [&](std::size_t, std::span<const float> pixels) {
        return detail::mirrored(pixels, extent, rows, columns);
      },
      [&](std::size_t, std::span<const std::uint8_t> labels) {
        return detail::mirrored(labels, extent, rows, columns);
      });
}

/// What random_transform() may do to an image.
struct RandomTransform {
  bool flip_rows = false;
  bool flip_columns = true;  // left and right of a head look alike
  Extent crop{0, 0};         // pixels; 0 keeps the size
};

/// Each image mirrored with probability 1/2 and cut at a place drawn evenly among those inside
/// it: the same for its label map, its own for each image.
///
/// Ensures   image i depends on key and i alone.
/// Errors    ContractViolation if the crop is larger than the images.
[[nodiscard]] inline Slices random_transform(const Slices& from, const RandomTransform& options,
                                             const random::Key& key) {
  const Extent extent = detail::extent_of(from);
  const Extent to{options.crop.height > 0 ? options.crop.height : extent.height,
                  options.crop.width > 0 ? options.crop.width : extent.width};
  if (to.height > extent.height || to.width > extent.width) {
    throw ContractViolation("random_transform: a crop of " + std::to_string(to.height) + "x" +
                            std::to_string(to.width) + " from images of " +
                            std::to_string(extent.height) + "x" + std::to_string(extent.width));
  }
  const random::Stream stream(key);
  const auto apply = [&](std::size_t i, auto pixels, auto fill) {
    const auto below = [&](std::uint64_t draw, int count) {
      return static_cast<int>(stream.below(4 * i + draw, static_cast<std::uint32_t>(count)));
    };
    const bool rows = options.flip_rows && below(0, 2) == 1;
    const bool columns = options.flip_columns && below(1, 2) == 1;
    const int top = below(2, extent.height - to.height + 1);
    const int left = below(3, extent.width - to.width + 1);
    const auto turned = detail::mirrored(pixels, extent, rows, columns);
    return crop(std::span<const typename decltype(turned)::value_type>(turned), extent, top, left,
                to, fill);
  };
  return detail::map_planes(
      from, to,
      [&](std::size_t i, std::span<const float> pixels) { return apply(i, pixels, kBackground); },
      [&](std::size_t i, std::span<const std::uint8_t> labels) {
        return apply(i, labels, std::uint8_t{0});
      });
}

}  // namespace asyndgan::data
