// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/conv_geometry.hpp"

namespace asyndgan::kernels {

/// The convolution of one device: static forward, backward_input, backward_weight and
/// backward_bias with the contracts of the functions below. Specialised per device; cpu/conv2d.hpp
/// holds the Cpu's.
template <std::floating_point T, Device D>
struct Conv2dKernel;

/// 2-D cross-correlation.
///
///   output[n,f,i,j] = bias[f] + sum over c,a,b of weight[f,c,a,b] * padded input[n,c,y,x],
///   y = i*stride + a*dilation - padding, x = j*stride + b*dilation - padding
///
/// Shapes    input (N, C, H, W), weight (F, C, K, K), bias (1, F, 1, 1) or empty for none,
///           output conv2d_shape(input, F, g).
/// Requires  these shapes; nothing is checked. output does not overlap the inputs.
/// Ensures   every element of output is written; the result does not depend on the number of
///           threads. So too below.
template <std::floating_point T, Device D>
void conv2d_forward(const Tensor<T, D>& input, const Tensor<T, D>& weight, const Tensor<T, D>& bias,
                    const ConvGeometry& g, Tensor<T, D>& output) {
  Conv2dKernel<T, D>::forward(input, weight, bias, g, output);
}

/// Writes dL/dinput, the adjoint of the map from input to output.
template <std::floating_point T, Device D>
void conv2d_backward_input(const Tensor<T, D>& d_output, const Tensor<T, D>& weight,
                           const ConvGeometry& g, Tensor<T, D>& d_input) {
  Conv2dKernel<T, D>::backward_input(d_output, weight, Tensor<T, D>(), g, d_input);
}

/// Adds dL/dweight, summed over the batch, to d_weight.
template <std::floating_point T, Device D>
void conv2d_backward_weight(const Tensor<T, D>& input, const Tensor<T, D>& d_output,
                            const ConvGeometry& g, Tensor<T, D>& d_weight) {
  Conv2dKernel<T, D>::backward_weight(input, d_output, g, d_weight);
}

/// Adds dL/dbias, the sum of d_output over batch and pixels, to d_bias (1, F, 1, 1).
template <std::floating_point T, Device D>
void conv2d_backward_bias(const Tensor<T, D>& d_output, Tensor<T, D>& d_bias) {
  Conv2dKernel<T, D>::backward_bias(d_output, d_bias);
}

/// The definition, written to be read: the oracle of every fast path.
template <std::floating_point T>
struct Conv2dReference {
  using Array = Tensor<T, Cpu>;

  static void forward(const Array& input, const Array& weight, const Array& bias,
                      const ConvGeometry& g, Array& output) {
    fill_channels(bias, output);
    for_each_tap(input.shape(), output.shape(), g, [&](int i, int j, int a, int b, int y, int x) {
      for_each_pair(input.shape(), output.shape(), [&](int n, int f, int c) {
        output(n, f, i, j) += weight(f, c, a, b) * input(n, c, y, x);
      });
    });
  }

  /// `bias` (1, C, 1, 1) or empty is added to d_input: with it this is the transposed convolution.
  static void backward_input(const Array& d_output, const Array& weight, const Array& bias,
                             const ConvGeometry& g, Array& d_input) {
    fill_channels(bias, d_input);
    for_each_tap(d_input.shape(), d_output.shape(), g,
                 [&](int i, int j, int a, int b, int y, int x) {
                   for_each_pair(d_input.shape(), d_output.shape(), [&](int n, int f, int c) {
                     d_input(n, c, y, x) += weight(f, c, a, b) * d_output(n, f, i, j);
                   });
                 });
  }

  static void backward_weight(const Array& input, const Array& d_output, const ConvGeometry& g,
                              Array& d_weight) {
    for_each_tap(input.shape(), d_output.shape(), g, [&](int i, int j, int a, int b, int y, int x) {
      for_each_pair(input.shape(), d_output.shape(), [&](int n, int f, int c) {
        d_weight(f, c, a, b) += d_output(n, f, i, j) * input(n, c, y, x);
      });
    });
  }

  static void backward_bias(const Array& d_output, Array& d_bias) {
    const Shape& shape = d_output.shape();
    for (int n = 0; n < shape.n; ++n) {
      for (int f = 0; f < shape.c; ++f) {
        for (int i = 0; i < shape.h; ++i) {
          for (int j = 0; j < shape.w; ++j) d_bias(0, f, 0, 0) += d_output(n, f, i, j);
        }
      }
    }
  }

 private:
  /// Calls visit(i, j, a, b, y, x) for every window position (i, j) and tap (a, b) that reads
  /// input pixel (y, x).
  template <class Visit>
  static void for_each_tap(const Shape& input, const Shape& output, const ConvGeometry& g,
                           const Visit& visit) {
    for (int i = 0; i < output.h; ++i) {
      for (int a = 0; a < g.kernel; ++a) {
        const int y = padded_index(i * g.stride + a * g.dilation - g.padding, input.h, g.mode);
        for (int j = 0; j < output.w && y >= 0; ++j) {
          for (int b = 0; b < g.kernel; ++b) {
            const int x = padded_index(j * g.stride + b * g.dilation - g.padding, input.w, g.mode);
            if (x >= 0) visit(i, j, a, b, y, x);
          }
        }
      }
    }
  }

  template <class Visit>
  static void for_each_pair(const Shape& input, const Shape& output, const Visit& visit) {
    for (int n = 0; n < input.n; ++n) {
      for (int f = 0; f < output.c; ++f) {
        for (int c = 0; c < input.c; ++c) visit(n, f, c);
      }
    }
  }

  static void fill_channels(const Array& values, Array& tensor) {
    tensor.zero();
    if (values.empty()) return;
    const Shape& shape = tensor.shape();
    for (int n = 0; n < shape.n; ++n) {
      for (int c = 0; c < shape.c; ++c) {
        for (int y = 0; y < shape.h; ++y) {
          for (int x = 0; x < shape.w; ++x) tensor(n, c, y, x) = values(0, c, 0, 0);
        }
      }
    }
  }
};

}  // namespace asyndgan::kernels

#include "asyndgan/kernels/cpu/conv2d.hpp"  // IWYU pragma: export
