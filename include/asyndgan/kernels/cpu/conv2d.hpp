// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>

#include "asyndgan/core/cpu.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/conv2d.hpp"

namespace asyndgan::kernels {

namespace cpu {

/// Matrix products over shifted views of the input, for T float or double. The bodies are in
/// impl/conv2d.hpp.
template <std::floating_point T>
struct DirectConv2d {
  using Array = Tensor<T, Cpu>;

  static void forward(const Array& input, const Array& weight, const Array& bias,
                      const ConvGeometry& g, Array& output);
  static void backward_input(const Array& d_output, const Array& weight, const Array& bias,
                             const ConvGeometry& g, Array& d_input);
  static void backward_weight(const Array& input, const Array& d_output, const ConvGeometry& g,
                              Array& d_weight);
  static void backward_bias(const Array& d_output, Array& d_bias);
};

}  // namespace cpu

/// The seam: another algorithm for some geometries (Winograd, say) is chosen here and nowhere else.
/// A scalar that SIMD has no vectors of gets the definition itself.
template <std::floating_point T>
struct Conv2dKernel<T, Cpu> : std::conditional_t<std::same_as<T, float> || std::same_as<T, double>,
                                                 cpu::DirectConv2d<T>, Conv2dReference<T>> {};

}  // namespace asyndgan::kernels

#ifndef ASYNDGAN_COMPILED  // else in src/compiled/gemm_conv2d.cpp
#include "asyndgan/kernels/cpu/impl/conv2d.hpp"
#endif
