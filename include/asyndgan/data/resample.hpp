// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// Geometry of one plane of pixels, (height, width). Image and mask keep their centres: pixel x
/// of W covers [x, x + 1] / W of the extent before and after.
namespace asyndgan::data {

struct Extent {
  int height = 0;
  int width = 0;

  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  }
  friend bool operator==(const Extent&, const Extent&) = default;
};

namespace detail {

/// Weights of the source pixels first, first + 1, ... of one target pixel; they add up to 1.
struct Taps {
  int first = 0;
  std::vector<double> weights;
};

/// A triangle as wide as two source pixels, or two target pixels where those are larger, so
/// that shrinking averages instead of skipping.
inline std::vector<Taps> bilinear_taps(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double radius = std::max(1.0, scale);
  std::vector<Taps> all(static_cast<std::size_t>(to));
  for (int x = 0; x < to; ++x) {
    Taps& taps = all[static_cast<std::size_t>(x)];
    const double centre = (x + 0.5) * scale;
    taps.first = std::max(0, static_cast<int>(std::floor(centre - radius)));
    const int end = std::min(from, static_cast<int>(std::ceil(centre + radius)));
    double sum = 0;
    for (int i = taps.first; i < end; ++i) {
      const double weight = std::max(0.0, 1 - std::abs(i + 0.5 - centre) / radius);
      taps.weights.push_back(weight);
      sum += weight;
    }
    for (double& weight : taps.weights) weight /= sum;
  }
  return all;
}

}  // namespace detail

/// Bilinear, with averaging where the target is smaller (Pillow's BILINEAR).
[[nodiscard]] inline std::vector<float> resize_bilinear(std::span<const float> pixels, Extent from,
                                                        Extent to) {
  const auto columns = detail::bilinear_taps(from.width, to.width);
  const auto rows = detail::bilinear_taps(from.height, to.height);
  std::vector<double> narrow;  // (from.height, to.width)
  narrow.reserve(static_cast<std::size_t>(from.height) * columns.size());
  for (int y = 0; y < from.height; ++y) {
    const float* row =
        pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(from.width);
    for (const detail::Taps& taps : columns) {
      double sum = 0;
      for (std::size_t i = 0; i < taps.weights.size(); ++i) {
        sum += taps.weights[i] * static_cast<double>(row[static_cast<std::size_t>(taps.first) + i]);
      }
      narrow.push_back(sum);
    }
  }
  std::vector<float> result;
  result.reserve(to.count());
  for (const detail::Taps& taps : rows) {
    for (std::size_t x = 0; x < columns.size(); ++x) {
      double sum = 0;
      for (std::size_t i = 0; i < taps.weights.size(); ++i) {
        sum += taps.weights[i] *
               narrow[(static_cast<std::size_t>(taps.first) + i) * columns.size() + x];
      }
      result.push_back(static_cast<float>(sum));
    }
  }
  return result;
}

/// The value of the source pixel in which the target pixel's centre lies: for labels.
template <class T>
[[nodiscard]] std::vector<T> resize_nearest(std::span<const T> pixels, Extent from, Extent to) {
  std::vector<T> result;
  result.reserve(to.count());
  for (int y = 0; y < to.height; ++y) {
    const auto row = static_cast<std::size_t>((2L * y + 1) * from.height / (2L * to.height));
    for (int x = 0; x < to.width; ++x) {
      const auto column = static_cast<std::size_t>((2L * x + 1) * from.width / (2L * to.width));
      result.push_back(pixels[row * static_cast<std::size_t>(from.width) + column]);
    }
  }
  return result;
}

/// The part of the plane of extent `to` whose first pixel is (top, left), which may lie outside;
/// what lies outside is `fill`.
template <class T>
[[nodiscard]] std::vector<T> crop(std::span<const T> pixels, Extent from, int top, int left,
                                  Extent to, T fill) {
  std::vector<T> result(to.count(), fill);
  const int first = std::max(0, -left);
  const int end = std::min(to.width, from.width - left);
  for (int y = std::max(0, -top); y < std::min(to.height, from.height - top); ++y) {
    if (first >= end) break;
    const auto source = static_cast<std::size_t>(y + top) * static_cast<std::size_t>(from.width) +
                        static_cast<std::size_t>(first + left);
    std::copy_n(
        pixels.begin() + static_cast<std::ptrdiff_t>(source), end - first,
        result.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(y) *
                                                         static_cast<std::size_t>(to.width) +
                                                     static_cast<std::size_t>(first)));
  }
  return result;
}

}  // namespace asyndgan::data
