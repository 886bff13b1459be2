// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/buffer.hpp"

namespace asyndgan::kernels {

/// A square pooling window.
struct PoolGeometry {
  int kernel = 2;  // K, pixels per side, at most 16: a tap's number fits a byte
  int stride = 2;  // pixels
};

/// Number of the tap (row * K + column) that was the largest, per output pixel.
template <Device D = Cpu>
using Winners = Buffer<std::uint8_t, D>;

/// Max pooling of one device: static forward and backward with the contracts of the functions
/// below. Specialised per device; cpu/max_pool2d.hpp holds the Cpu's.
template <std::floating_point T, Device D>
struct MaxPool2dKernel;

/// (N, C, H', W') with H' = (H - K) / stride + 1, and W' likewise.
/// Errors  ContractViolation on a kernel outside 1...16 or a stride below 1; ShapeError if the
///         window is larger than the input.
[[nodiscard]] inline Shape max_pool2d_shape(const Shape& input, const PoolGeometry& g) {
  if (g.kernel < 1 || g.kernel > 16 || g.stride < 1) {
    throw ContractViolation("max_pool2d: kernel " + std::to_string(g.kernel) + ", stride " +
                            std::to_string(g.stride));
  }
  if (input.h < g.kernel || input.w < g.kernel) {
    throw ShapeError("max_pool2d: input " + to_string(input) + " is smaller than the window of " +
                     std::to_string(g.kernel) + " pixels");
  }
  return {input.n, input.c, (input.h - g.kernel) / g.stride + 1,
          (input.w - g.kernel) / g.stride + 1};
}

/// The largest value of every window; of equal ones the first in reading order wins, and a NaN
/// wins over all.
/// Requires  output of max_pool2d_shape(input.shape(), g); nothing is checked.
template <std::floating_point T, Device D>
void max_pool2d_forward(const Tensor<T, D>& input, const PoolGeometry& g, Winners<D>& winners,
                        Tensor<T, D>& output) {
  winners = Winners<D>(output.size());
  MaxPool2dKernel<T, D>::forward(input, g, winners, output);
}

/// Writes dL/dinput: each winner gets its windows' gradients.
template <std::floating_point T, Device D>
void max_pool2d_backward(const Tensor<T, D>& d_output, const PoolGeometry& g,
                         const Winners<D>& winners, Tensor<T, D>& d_input) {
  MaxPool2dKernel<T, D>::backward(d_output, g, winners, d_input);
}

/// The definition, written to be read.
template <std::floating_point T>
struct MaxPool2dReference {
  using Array = Tensor<T, Cpu>;

  static void forward(const Array& input, const PoolGeometry& g, Winners<Cpu>& winners,
                      Array& output) {
    const Shape& shape = output.shape();
    std::size_t next = 0;
    for (int n = 0; n < shape.n; ++n) {
      for (int c = 0; c < shape.c; ++c) {
        for (int i = 0; i < shape.h; ++i) {
          for (int j = 0; j < shape.w; ++j, ++next) {
            int best = 0;
            for (int tap = 1; tap < g.kernel * g.kernel; ++tap) {
              const T largest = at(input, g, n, c, i, j, best);
              const T value = at(input, g, n, c, i, j, tap);
              if (value > largest || (std::isnan(value) && !std::isnan(largest))) best = tap;
            }
            winners.data()[next] = static_cast<std::uint8_t>(best);
            output(n, c, i, j) = at(input, g, n, c, i, j, best);
          }
        }
      }
    }
  }

 private:
  static T at(const Array& input, const PoolGeometry& g, int n, int c, int i, int j, int tap) {
    return input(n, c, i * g.stride + tap / g.kernel, j * g.stride + tap % g.kernel);
  }
};

}  // namespace asyndgan::kernels

#include "asyndgan/kernels/cpu/max_pool2d.hpp"  // IWYU pragma: export
