// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/cpu/vector_ops.hpp"
#include "asyndgan/kernels/max_pool2d.hpp"

namespace asyndgan::kernels {

template <std::floating_point T>
struct MaxPool2dKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static void forward(const Array& input, const PoolGeometry& g, Winners<Cpu>& winners,
                      Array& output) {
    if (g.kernel == 2 && g.stride == 2) return halve(input, winners, output);
    const auto width = static_cast<std::size_t>(input.shape().w);
    const auto pool = [&](auto kernel, std::size_t to, std::size_t corner) {
      const T* const window = input.data() + corner;
      T largest = window[0];
      std::size_t best = 0;
      for (std::size_t a = 0; a < kernel; ++a) {
        for (std::size_t b = 0; b < kernel; ++b) {
          const T value = window[a * width + b];
          // Not "value > largest": a NaN must win, and stay.
          if (!(value <= largest) && !std::isnan(largest)) {
            largest = value;
            best = a * kernel + b;
          }
        }
      }
      winners.data()[to] = static_cast<std::uint8_t>(best);
      output.data()[to] = largest;
    };
    for_each_window(input.shape(), output.shape(), g, pool);
  }

  static void backward(const Array& d_output, const PoolGeometry& g, const Winners<Cpu>& winners,
                       Array& d_input) {
    d_input.zero();
    const auto width = static_cast<std::size_t>(d_input.shape().w);
    const auto return_to_winner = [&](auto kernel, std::size_t from, std::size_t corner) {
      const std::size_t tap = winners.data()[from];
      d_input.data()[corner + tap / kernel * width + tap % kernel] += d_output.data()[from];
    };
    for_each_window(d_input.shape(), d_output.shape(), g, return_to_winner);
  }

 private:
  static void halve(const Array& input, Winners<Cpu>& winners, Array& output) {
    const Shape& shape = output.shape();
    const auto rows = static_cast<std::size_t>(shape.h);
    const auto columns = static_cast<std::size_t>(shape.w);
    const auto width = static_cast<std::size_t>(input.shape().w);
    const auto planes = static_cast<std::size_t>(shape.n) * static_cast<std::size_t>(shape.c);
    const cpu::VectorOps<T>& ops = cpu::vector_ops<T>();
    parallel_for(planes, [&](std::size_t p) {
      for (std::size_t i = 0; i < rows; ++i) {
        const T* const upper = input.data() + p * input.shape().plane() + 2 * i * width;
        const std::size_t to = (p * rows + i) * columns;
        ops.halve(columns, upper, upper + width, winners.data() + to, output.data() + to);
      }
    });
  }

  /// visit(kernel, output element, input element of the window's first pixel), one plane on one
  /// thread, as windows may overlap. Halving's way back has a constant kernel.
  template <class F>
  static void for_each_window(const Shape& input, const Shape& output, const PoolGeometry& g,
                              const F& visit) {
    if (g.kernel == 2) {
      visit_windows(input, output, g, std::integral_constant<std::size_t, 2>(), visit);
    } else {
      visit_windows(input, output, g, static_cast<std::size_t>(g.kernel), visit);
    }
  }
  template <class Kernel, class F>
  static void visit_windows(const Shape& input, const Shape& output, const PoolGeometry& g,
                            Kernel kernel, const F& visit) {
    const auto planes = static_cast<std::size_t>(input.n) * static_cast<std::size_t>(input.c);
    const auto rows = static_cast<std::size_t>(output.h);
    const auto columns = static_cast<std::size_t>(output.w);
    const auto width = static_cast<std::size_t>(input.w);
    const auto stride = static_cast<std::size_t>(g.stride);
    parallel_for(planes, [&](std::size_t p) {
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
          visit(kernel, (p * rows + i) * columns + j,
                p * input.plane() + i * stride * width + j * stride);
        }
      }
    });
  }
};

}  // namespace asyndgan::kernels
