// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>

#include "asyndgan/core/tensor.hpp"

namespace asyndgan::kernels {

/// Mean and variance of groups of pixels. The shape says which: (1, C, 1, 1) takes a channel of
/// the whole batch together (batch norm), (N, C, 1, 1) every plane by itself (instance norm).
template <std::floating_point T, Device D = Cpu>
struct Moments {
  Tensor<T, D> mean;
  Tensor<T, D> variance;  // biased: divided by the number of pixels
};

/// The affine map after a norm, (1, C, 1, 1) each, or null for none. Both or neither.
template <std::floating_point T, Device D = Cpu>
struct Affine {
  const Tensor<T, D>* weight = nullptr;
  const Tensor<T, D>* bias = nullptr;
};

/// How a norm maps what it has centred.
template <std::floating_point T, Device D = Cpu>
struct NormOptions {
  Affine<T, D> affine{};
  double epsilon = 1e-5;  // added to the variance
  double slope = 1;       // of a leaky rectifier behind the norm, below 0; 1 is none, 0 is ReLU
};

/// The norms of one device: static forward, apply, backward and backward_fixed with the contracts
/// of the functions below. Specialised per device; cpu/norm.hpp holds the Cpu's.
template <std::floating_point T, Device D>
struct NormKernel;

/// output = (input - mean) / sqrt(variance + epsilon) * weight + bias, rectified, with the group's
/// own moments, which are written to `moments`.
///
/// Shapes    input and output (N, C, H, W), moments as Moments says, and allocated.
/// Requires  these shapes; nothing is checked. So too below.
/// Ensures   sums have a fixed order, whatever the number of threads.
template <std::floating_point T, Device D>
void norm_forward(const Tensor<T, D>& input, const NormOptions<T, D>& options,
                  Moments<T, D>& moments, Tensor<T, D>& output) {
  NormKernel<T, D>::forward(input, options, moments, output);
}

/// The same map with given moments: batch norm's running ones, in evaluation.
template <std::floating_point T, Device D>
void norm_apply(const Tensor<T, D>& input, const NormOptions<T, D>& options,
                const Moments<T, D>& moments, Tensor<T, D>& output) {
  NormKernel<T, D>::apply(input, options, moments, output);
}

/// What a backward pass writes. Null where it is not wanted. d_weight and d_bias, both or neither,
/// go with moments of shape (1, C, 1, 1) only.
template <std::floating_point T, Device D = Cpu>
struct NormGradients {
  Tensor<T, D>* d_input = nullptr;   // written; may be d_output
  Tensor<T, D>* d_weight = nullptr;  // added to
  Tensor<T, D>* d_bias = nullptr;    // added to
};

/// The way back of norm_forward, moments included: with x^ the normalised input and g = dL/dx^
/// (where the rectifier is at 0 or below, the slope counts, as in PyTorch),
///
///   dL/dinput = (g - mean(g) - x^ mean(g x^)) / sqrt(variance + epsilon)
///
/// Source  Ioffe & Szegedy 2015, arXiv:1502.03167, section 3.
template <std::floating_point T, Device D>
void norm_backward(const Tensor<T, D>& d_output, const Tensor<T, D>& input,
                   const NormOptions<T, D>& options, const Moments<T, D>& moments,
                   const NormGradients<T, D>& gradients) {
  NormKernel<T, D>::backward(d_output, input, options, moments, gradients);
}

/// The way back of norm_apply: the moments are constants.
template <std::floating_point T, Device D>
void norm_backward_fixed(const Tensor<T, D>& d_output, const Tensor<T, D>& input,
                         const NormOptions<T, D>& options, const Moments<T, D>& moments,
                         const NormGradients<T, D>& gradients) {
  NormKernel<T, D>::backward_fixed(d_output, input, options, moments, gradients);
}

/// The definition, written to be read.
template <std::floating_point T>
struct NormReference {
  using Array = Tensor<T, Cpu>;

  static void forward(const Array& input, const NormOptions<T, Cpu>& options,
                      Moments<T, Cpu>& moments, Array& output) {
    const Shape groups = moments.mean.shape();
    const Shape& shape = input.shape();
    const double pixels = static_cast<double>(input.size()) / static_cast<double>(groups.size());
    for (int c = 0; c < shape.c; ++c) {
      for (int g = 0; g < groups.n; ++g) {
        double sum = 0;
        for_each(shape, groups, g, [&](int n, int y, int x) { sum += input(n, c, y, x); });
        const double mean = sum / pixels;
        double squares = 0;
        for_each(shape, groups, g, [&](int n, int y, int x) {
          squares += (input(n, c, y, x) - mean) * (input(n, c, y, x) - mean);
        });
        moments.mean(g, c, 0, 0) = static_cast<T>(mean);
        moments.variance(g, c, 0, 0) = static_cast<T>(squares / pixels);
      }
    }
    apply(input, options, moments, output);
  }

  static void apply(const Array& input, const NormOptions<T, Cpu>& options,
                    const Moments<T, Cpu>& moments, Array& output) {
    const Shape groups = moments.mean.shape();
    for (int c = 0; c < input.shape().c; ++c) {
      const double weight = options.affine.weight ? (*options.affine.weight)(0, c, 0, 0) : 1.0;
      const double bias = options.affine.bias ? (*options.affine.bias)(0, c, 0, 0) : 0.0;
      for (int g = 0; g < groups.n; ++g) {
        const double mean = moments.mean(g, c, 0, 0);
        const double deviation = std::sqrt(moments.variance(g, c, 0, 0) + options.epsilon);
        for_each(input.shape(), groups, g, [&](int n, int y, int x) {
          const double value = (input(n, c, y, x) - mean) / deviation * weight + bias;
          output(n, c, y, x) = static_cast<T>(value < 0 ? value * options.slope : value);
        });
      }
    }
  }

 private:
  /// Visits the pixels of one channel of group g.
  template <class Visit>
  static void for_each(const Shape& shape, const Shape& groups, int g, const Visit& visit) {
    const int first = groups.n == 1 ? 0 : g;
    const int last = groups.n == 1 ? shape.n : g + 1;
    for (int n = first; n < last; ++n) {
      for (int y = 0; y < shape.h; ++y) {
        for (int x = 0; x < shape.w; ++x) visit(n, y, x);
      }
    }
  }
};

}  // namespace asyndgan::kernels

#include "asyndgan/kernels/cpu/norm.hpp"  // IWYU pragma: export
