// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/tensor.hpp"

namespace asyndgan::kernels {

/// One number for every image, region and channel, on the host.
struct RegionTable {
  RegionTable(int images_, int regions_, int channels_)
      : images(images_), regions(regions_), channels(channels_) {
    values.resize(static_cast<std::size_t>(images) * static_cast<std::size_t>(regions) *
                  static_cast<std::size_t>(channels));
  }

  [[nodiscard]] double& at(int n, int r, int c) { return values[offset(n, r, c)]; }
  [[nodiscard]] double at(int n, int r, int c) const { return values[offset(n, r, c)]; }

  int images;
  int regions;
  int channels;
  std::vector<double> values;  // (N, R, C)

 private:
  [[nodiscard]] std::size_t offset(int n, int r, int c) const {
    const auto row = static_cast<std::size_t>(n) * static_cast<std::size_t>(regions) +
                     static_cast<std::size_t>(r);
    return row * static_cast<std::size_t>(channels) + static_cast<std::size_t>(c);
  }
};

/// Means over the pixels of every region of every image.
struct RegionMoments {
  RegionTable pixels;  // (N, R, 1): how many
  RegionTable mean;    // (N, R, C): of x; 0 in a region without pixels
  RegionTable square;  // (N, R, C): of x^2
};

/// Moments by region of one device: static forward and backward with the contracts of the
/// functions below. Specialised per device; cpu/region_moments.hpp holds the Cpu's.
template <std::floating_point T, Device D>
struct RegionMomentsKernel;

/// Shapes    x (N, C, H, W), map (N, H, W).
/// Requires  these shapes and labels below `regions`; nothing is checked.
/// Ensures   sums have a fixed order, whatever the number of threads.
template <std::floating_point T, Device D>
[[nodiscard]] RegionMoments region_moments(const Tensor<T, D>& x, const LabelMap& map,
                                           int regions) {
  return RegionMomentsKernel<T, D>::forward(x, map, regions);
}

/// dL/dx where L depends on the moments alone: d_mean and d_square are dL by the tables of
/// region_moments, divided by the region's pixels.
///
///   dL/dx = d_mean[n, r, c] + 2 x d_square[n, r, c],   r the region of the pixel
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> region_moments_backward(const Tensor<T, D>& x, const LabelMap& map,
                                                   const RegionTable& d_mean,
                                                   const RegionTable& d_square) {
  auto d_x = Tensor<T, D>::uninitialized(x.shape());
  RegionMomentsKernel<T, D>::backward(x, map, d_mean, d_square, d_x);
  return d_x;
}

}  // namespace asyndgan::kernels

#include "asyndgan/kernels/cpu/region_moments.hpp"  // IWYU pragma: export
