// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/channels.hpp"
#include "asyndgan/kernels/region_moments.hpp"

namespace asyndgan::kernels {

/// One plane on one thread, so that every entry of a table has one writer.
template <std::floating_point T>
struct RegionMomentsKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static RegionMoments forward(const Array& x, const LabelMap& map, int regions) {
    const Shape& shape = x.shape();
    RegionMoments moments{RegionTable(shape.n, regions, 1), RegionTable(shape.n, regions, shape.c),
                          RegionTable(shape.n, regions, shape.c)};
    for (int n = 0; n < shape.n; ++n) {
      const std::uint8_t* const region = regions_of(map, n);
      for (std::size_t i = 0; i < shape.plane(); ++i) moments.pixels.at(n, region[i], 0) += 1;
    }
    for_each_plane(shape, [&](int n, int c) {
      const T* const values = detail::plane(x, n, c);
      const std::uint8_t* const region = regions_of(map, n);
      for (std::size_t i = 0; i < shape.plane(); ++i) {
        const auto value = static_cast<double>(values[i]);
        moments.mean.at(n, region[i], c) += value;
        moments.square.at(n, region[i], c) += value * value;
      }
      for (int r = 0; r < regions; ++r) {
        const double pixels = moments.pixels.at(n, r, 0);
        if (pixels == 0) continue;
        moments.mean.at(n, r, c) /= pixels;
        moments.square.at(n, r, c) /= pixels;
      }
    });
    return moments;
  }

  static void backward(const Array& x, const LabelMap& map, const RegionTable& d_mean,
                       const RegionTable& d_square, Array& d_x) {
    for_each_plane(x.shape(), [&](int n, int c) {
      const T* const values = detail::plane(x, n, c);
      const std::uint8_t* const region = regions_of(map, n);
      T* const to = detail::plane(d_x, n, c);
      for (std::size_t i = 0; i < x.shape().plane(); ++i) {
        const double slope = d_mean.at(n, region[i], c) +
                             2 * static_cast<double>(values[i]) * d_square.at(n, region[i], c);
        to[i] = static_cast<T>(slope);
      }
    });
  }

 private:
  [[nodiscard]] static const std::uint8_t* regions_of(const LabelMap& map, int n) {
    return map.labels.data() + static_cast<std::size_t>(n) * map.plane();
  }

  template <class F>
  static void for_each_plane(const Shape& shape, const F& visit) {
    const auto channels = static_cast<std::size_t>(shape.c);
    parallel_for(static_cast<std::size_t>(shape.n) * channels, [&](std::size_t p) {
      visit(static_cast<int>(p / channels), static_cast<int>(p % channels));
    });
  }
};

}  // namespace asyndgan::kernels
