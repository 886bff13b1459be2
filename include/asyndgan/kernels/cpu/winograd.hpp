// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "asyndgan/core/cpu.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/conv_geometry.hpp"
#include "asyndgan/kernels/cpu/tile_grid.hpp"

namespace asyndgan::kernels::cpu {

/// Convolutions by Toom-Cook tiles: 1.4 to 5 times fewer multiplications than the definition has,
/// for rounding errors 2 to 8 times as large. The gradients are the exact adjoints, in the same
/// tiles, so that the forward map and they fit each other as those of DirectConv2d do.
///
/// Source  Lavin and Gray, CVPR 2016, arXiv:1509.09308, for 3x3 windows.
struct WinogradConv2d {
  using Array = Tensor<float, Cpu>;

  /// The algorithm for this convolution, or nothing where DirectConv2d is faster.
  static std::optional<TileForm> form(const ConvGeometry& g, const Shape& input,
                                      const Shape& output);

  // As DirectConv2d's, of a convolution that has a form.
  static void forward(const TileForm& form, const Array& input, const Array& weight,
                      const Array& bias, const ConvGeometry& g, Array& output);
  static void backward_input(const TileForm& form, const Array& d_output, const Array& weight,
                             const Array& bias, const ConvGeometry& g, Array& d_input);
  static void backward_weight(const TileForm& form, const Array& input, const Array& d_output,
                              const ConvGeometry& g, Array& d_weight);
};

}  // namespace asyndgan::kernels::cpu

#ifndef ASYNDGAN_COMPILED  // else in src/compiled/winograd.cpp
#include "asyndgan/kernels/cpu/impl/winograd.hpp"
#endif
