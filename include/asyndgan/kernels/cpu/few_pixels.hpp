// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "asyndgan/core/cpu.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/conv_geometry.hpp"

namespace asyndgan::kernels::cpu {

/// Convolutions of few pixels by many weights, as at the bottom of a U-Net: plain matrix products
/// with the weights as they lie in memory, for there is nothing to be gained by packing what is
/// read once. The windows are written out as a matrix (im2col), which is small here; where they lie
/// apart, as those of a 2 x 2 window of stride 2, it is as large as the image, and pays longer.
struct FewPixelsConv2d {
  using Array = Tensor<float, Cpu>;

  /// Whether it is faster than DirectConv2d.
  static bool pays(const ConvGeometry& g, const Shape& input, const Shape& output);

  // As DirectConv2d's.
  static void forward(const Array& input, const Array& weight, const Array& bias,
                      const ConvGeometry& g, Array& output);
  static void backward_input(const Array& d_output, const Array& weight, const Array& bias,
                             const ConvGeometry& g, Array& d_input);
  static void backward_weight(const Array& input, const Array& d_output, const ConvGeometry& g,
                              Array& d_weight);
};

}  // namespace asyndgan::kernels::cpu

#ifndef ASYNDGAN_COMPILED  // else in src/compiled/winograd.cpp
#include "asyndgan/kernels/cpu/impl/few_pixels.hpp"
#endif
