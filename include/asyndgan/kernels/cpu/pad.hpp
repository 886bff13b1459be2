// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/pad.hpp"

namespace asyndgan::kernels {

/// Row by row: the inner part of a row is one copy, and only the borders look up an index.
template <std::floating_point T>
struct PadKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static void forward(const Array& input, int amount, PaddingMode mode, Array& output) {
    for_each_row(input.shape(), output.shape(), amount, mode, [&](const Row& row) {
      T* const to = output.data() + row.padded;
      if (row.outside) {
        std::fill(to, to + row.width + 2 * amount, T(0));
        return;
      }
      const T* const from = input.data() + row.inner;
      std::copy(from, from + row.width, to + amount);
      for_each_border(row.width, amount, mode,
                      [&](int j, int x) { to[j] = x < 0 ? T(0) : from[x]; });
    });
  }

  static void backward(const Array& d_output, int amount, PaddingMode mode, Array& d_input) {
    d_input.zero();
    for_each_row(d_input.shape(), d_output.shape(), amount, mode, [&](const Row& row) {
      if (row.outside) return;
      const T* const from = d_output.data() + row.padded;
      T* const to = d_input.data() + row.inner;
      for (int x = 0; x < row.width; ++x) to[x] += from[amount + x];
      for_each_border(row.width, amount, mode, [&](int j, int x) {
        if (x >= 0) to[x] += from[j];
      });
    });
  }

 private:
  struct Row {
    std::size_t padded;  // first element in the padded tensor
    std::size_t inner;   // first element of the row that it copies
    int width;           // W
    bool outside;        // a row of zeros, which copies none
  };

  /// Rows of one plane in order on one thread, as backward() adds to some twice.
  template <class F>
  static void for_each_row(const Shape& inner, const Shape& padded, int amount, PaddingMode mode,
                           const F& visit) {
    const auto planes = static_cast<std::size_t>(inner.n) * static_cast<std::size_t>(inner.c);
    parallel_for(planes, [&](std::size_t p) {
      for (int i = 0; i < padded.h; ++i) {
        const int y = padded_index(i - amount, inner.h, mode);
        visit(Row{.padded = p * padded.plane() +
                            static_cast<std::size_t>(i) * static_cast<std::size_t>(padded.w),
                  .inner = p * inner.plane() + static_cast<std::size_t>(std::max(y, 0)) *
                                                   static_cast<std::size_t>(inner.w),
                  .width = inner.w,
                  .outside = y < 0});
      }
    });
  }

  /// visit(padded column, inner column or -1) for the columns of both borders.
  template <class F>
  static void for_each_border(int width, int amount, PaddingMode mode, const F& visit) {
    for (int k = 0; k < amount; ++k) {
      visit(k, padded_index(k - amount, width, mode));
      visit(amount + width + k, padded_index(width + k, width, mode));
    }
  }
};

}  // namespace asyndgan::kernels
