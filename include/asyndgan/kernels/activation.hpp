// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/buffer.hpp"

namespace asyndgan::kernels {

/// The activations of one device: static rectify_forward, rectify_backward, tanh_forward,
/// tanh_backward, sigmoid_forward and sigmoid_backward with the contracts of the functions below.
/// Specialised per device; cpu/activation.hpp holds the Cpu's.
template <std::floating_point T, Device D>
struct ActivationKernel;

/// ReLU and its leaky form, in place: x = x > 0 ? x : slope * x. NaN stays NaN.
///
/// Ensures  `open` has 1 where x was above 0, and 0 elsewhere.
template <std::floating_point T, Device D>
void rectify_forward(T slope, Tensor<T, D>& x, Mask<D>& open) {
  open = Mask<D>(x.size());
  ActivationKernel<T, D>::rectify_forward(slope, x, open);
}

/// dL/dinput = d_output where open, slope * d_output elsewhere; at x = 0 the slope counts, as in
/// PyTorch.
/// Requires  `open` of the forward pass; d_input of d_output's shape.
template <std::floating_point T, Device D>
void rectify_backward(const Tensor<T, D>& d_output, T slope, const Mask<D>& open,
                      Tensor<T, D>& d_input) {
  ActivationKernel<T, D>::rectify_backward(d_output, slope, open, d_input);
}

/// x = tanh(x), in place.
template <std::floating_point T, Device D>
void tanh_forward(Tensor<T, D>& x) {
  ActivationKernel<T, D>::tanh_forward(x);
}

/// dL/dinput = d_output * (1 - output^2).
template <std::floating_point T, Device D>
void tanh_backward(const Tensor<T, D>& d_output, const Tensor<T, D>& output,
                   Tensor<T, D>& d_input) {
  ActivationKernel<T, D>::tanh_backward(d_output, output, d_input);
}

/// x = 1 / (1 + exp(-x)), in place; never overflows.
template <std::floating_point T, Device D>
void sigmoid_forward(Tensor<T, D>& x) {
  ActivationKernel<T, D>::sigmoid_forward(x);
}

/// dL/dinput = d_output * output * (1 - output).
template <std::floating_point T, Device D>
void sigmoid_backward(const Tensor<T, D>& d_output, const Tensor<T, D>& output,
                      Tensor<T, D>& d_input) {
  ActivationKernel<T, D>::sigmoid_backward(d_output, output, d_input);
}

/// The definitions, for one value.
template <std::floating_point T>
struct ActivationReference {
  static T rectify(T x, T slope) { return x < 0 ? slope * x : x; }
  static T rectify_gradient(T x, T slope) { return x > 0 ? T(1) : slope; }
  static T tanh(T x) { return std::tanh(x); }
  static T tanh_gradient(T x) { return 1 - tanh(x) * tanh(x); }
  /// exp() of a negative number only, so that it cannot overflow.
  static T sigmoid(T x) {
    const T decayed = std::exp(-std::abs(x));
    return (x < 0 ? decayed : T(1)) / (1 + decayed);
  }
  static T sigmoid_gradient(T x) { return sigmoid(x) * sigmoid(-x); }
};

}  // namespace asyndgan::kernels

#include "asyndgan/kernels/cpu/activation.hpp"  // IWYU pragma: export
