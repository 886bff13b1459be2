// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>

#include "asyndgan/core/cpu.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/conv2d.hpp"
#include "asyndgan/kernels/cpu/few_pixels.hpp"
#include "asyndgan/kernels/cpu/winograd.hpp"
#include "asyndgan/kernels/exact.hpp"

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

/// The algorithm that is fastest for a geometry, in float; else the definition's own products.
template <std::floating_point T>
struct FastConv2d : DirectConv2d<T> {};

template <>
struct FastConv2d<float> : DirectConv2d<float> {
  static void forward(const Array& input, const Array& weight, const Array& bias,
                      const ConvGeometry& g, Array& output) {
    choose(
        g, input.shape(), output.shape(),
        [&](const TileForm& form) {
          WinogradConv2d::forward(form, input, weight, bias, g, output);
        },
        [&] { FewPixelsConv2d::forward(input, weight, bias, g, output); },
        [&] { DirectConv2d::forward(input, weight, bias, g, output); });
  }
  static void backward_input(const Array& d_output, const Array& weight, const Array& bias,
                             const ConvGeometry& g, Array& d_input) {
    choose(
        g, d_input.shape(), d_output.shape(),
        [&](const TileForm& form) {
          WinogradConv2d::backward_input(form, d_output, weight, bias, g, d_input);
        },
        [&] { FewPixelsConv2d::backward_input(d_output, weight, bias, g, d_input); },
        [&] { DirectConv2d::backward_input(d_output, weight, bias, g, d_input); });
  }
  static void backward_weight(const Array& input, const Array& d_output, const ConvGeometry& g,
                              Array& d_weight) {
    choose(
        g, input.shape(), d_output.shape(),
        [&](const TileForm& form) {
          WinogradConv2d::backward_weight(form, input, d_output, g, d_weight);
        },
        [&] { FewPixelsConv2d::backward_weight(input, d_output, g, d_weight); },
        [&] { DirectConv2d::backward_weight(input, d_output, g, d_weight); });
  }

 private:
  template <class Tiles, class FewPixels, class Direct>
  static void choose(const ConvGeometry& g, const Shape& input, const Shape& output,
                     const Tiles& tiles, const FewPixels& few_pixels, const Direct& direct) {
    if (exact_convolutions()) return direct();
    if (const auto form = WinogradConv2d::form(g, input, output)) return tiles(*form);
    FewPixelsConv2d::pays(g, input, output) ? few_pixels() : direct();
  }
};

}  // namespace cpu

/// The seam: the algorithm for a geometry is chosen in FastConv2d and nowhere else. A scalar that
/// SIMD has no vectors of gets the definition itself.
template <std::floating_point T>
struct Conv2dKernel<T, Cpu> : std::conditional_t<std::same_as<T, float> || std::same_as<T, double>,
                                                 cpu::FastConv2d<T>, Conv2dReference<T>> {};

}  // namespace asyndgan::kernels

#ifndef ASYNDGAN_COMPILED  // else in src/compiled/gemm_conv2d.cpp and winograd.cpp
#include "asyndgan/kernels/cpu/impl/conv2d.hpp"
#include "asyndgan/kernels/cpu/winograd-inl.hpp"

namespace asyndgan::kernels::cpu {
inline const MatrixOps& matrix_ops() { return *HWY_NAMESPACE::matrix_ops_of(); }
inline const WinogradOps& winograd_ops(const TileForm& form) {
  return *HWY_NAMESPACE::ops_of(form);
}
}  // namespace asyndgan::kernels::cpu
#endif
