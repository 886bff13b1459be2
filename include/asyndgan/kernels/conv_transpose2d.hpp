// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/conv2d.hpp"
#include "asyndgan/kernels/conv_geometry.hpp"

namespace asyndgan::kernels {

/// Transposed 2-D convolution: the adjoint of conv2d with the same weight, plus a bias. Its
/// kernels are therefore conv2d's with the roles of input and output exchanged.
///
///   output[n,c,y,x] = bias[c] + sum of weight[f,c,a,b] * input[n,f,i,j] over all f, a, b, i, j
///   with y = i*stride + a*dilation - padding, x = j*stride + b*dilation - padding
///
/// Shapes    input (N, F, H, W), weight (F, C, K, K), bias (1, C, 1, 1) or empty for none,
///           output conv_transpose2d_shape(input, C, g, output_padding).
/// Requires  these shapes, zero padding; nothing is checked.
/// Ensures   every element of output is written.
/// Source    Dumoulin & Visin 2016, arXiv:1603.07285, section 4.
template <std::floating_point T, Device D>
void conv_transpose2d_forward(const Tensor<T, D>& input, const Tensor<T, D>& weight,
                              const Tensor<T, D>& bias, const ConvGeometry& g,
                              Tensor<T, D>& output) {
  Conv2dKernel<T, D>::backward_input(input, weight, bias, g, output);
}

/// Writes dL/dinput.
template <std::floating_point T, Device D>
void conv_transpose2d_backward_input(const Tensor<T, D>& d_output, const Tensor<T, D>& weight,
                                     const ConvGeometry& g, Tensor<T, D>& d_input) {
  Conv2dKernel<T, D>::forward(d_output, weight, Tensor<T, D>(), g, d_input);
}

/// Adds dL/dweight, summed over the batch, to d_weight.
template <std::floating_point T, Device D>
void conv_transpose2d_backward_weight(const Tensor<T, D>& input, const Tensor<T, D>& d_output,
                                      const ConvGeometry& g, Tensor<T, D>& d_weight) {
  Conv2dKernel<T, D>::backward_weight(d_output, input, g, d_weight);
}

}  // namespace asyndgan::kernels
