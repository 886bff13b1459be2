// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/conv_geometry.hpp"  // PaddingMode, padded_index

namespace asyndgan::kernels {

/// Padding of one device: static forward and backward with the contracts of the functions below.
/// Specialised per device; cpu/pad.hpp holds the Cpu's.
template <std::floating_point T, Device D>
struct PadKernel;

/// (N, C, H + 2*amount, W + 2*amount).
/// Errors  ContractViolation on a negative amount; ShapeError if a reflection would reach beyond
///         the far border (amount >= H or W).
[[nodiscard]] inline Shape pad_shape(const Shape& input, int amount, PaddingMode mode) {
  if (amount < 0) throw ContractViolation("pad: negative amount " + std::to_string(amount));
  if (mode == PaddingMode::reflect && (amount >= input.h || amount >= input.w)) {
    throw ShapeError("pad: input " + to_string(input) + " is too small to reflect " +
                     std::to_string(amount) + " pixels");
  }
  return {input.n, input.c, input.h + 2 * amount, input.w + 2 * amount};
}

/// Adds `amount` pixels on every side.
/// Requires  output of pad_shape(input.shape(), amount, mode); nothing is checked.
template <std::floating_point T, Device D>
void pad_forward(const Tensor<T, D>& input, int amount, PaddingMode mode, Tensor<T, D>& output) {
  PadKernel<T, D>::forward(input, amount, mode, output);
}

/// Writes dL/dinput, the adjoint of pad_forward: a pixel that was copied several times gets the
/// sum.
template <std::floating_point T, Device D>
void pad_backward(const Tensor<T, D>& d_output, int amount, PaddingMode mode,
                  Tensor<T, D>& d_input) {
  PadKernel<T, D>::backward(d_output, amount, mode, d_input);
}

/// The definition, written to be read.
template <std::floating_point T>
struct PadReference {
  using Array = Tensor<T, Cpu>;

  static void forward(const Array& input, int amount, PaddingMode mode, Array& output) {
    const Shape& shape = output.shape();
    for (int n = 0; n < shape.n; ++n) {
      for (int c = 0; c < shape.c; ++c) {
        for (int i = 0; i < shape.h; ++i) {
          for (int j = 0; j < shape.w; ++j) {
            const int y = padded_index(i - amount, input.shape().h, mode);
            const int x = padded_index(j - amount, input.shape().w, mode);
            output(n, c, i, j) = y < 0 || x < 0 ? T(0) : input(n, c, y, x);
          }
        }
      }
    }
  }
};

}  // namespace asyndgan::kernels

#include "asyndgan/kernels/cpu/pad.hpp"  // IWYU pragma: export
