// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>

#include "asyndgan/core/tensor.hpp"

namespace asyndgan::kernels {

/// The numbers of one Adam step. Bias corrections are folded in, so that they are worked out
/// once, in double.
struct AdamCoefficients {
  double beta1;
  double beta2;
  double step_size;   // learning rate / (1 - beta1^t)
  double root_scale;  // 1 / sqrt(1 - beta2^t)
  double epsilon;
  double gradient_decay;  // added to the gradient as gradient_decay * value
  double value_factor;    // value is multiplied by this first: 1 - learning rate * decay, or 1
};

/// The optimiser's update of one device: static step with the contract of adam_step.
/// Specialised per device; cpu/adam.hpp holds the Cpu's.
template <std::floating_point T, Device D>
struct AdamKernel;

/// One step on one tensor:
///
///   g = gradient + gradient_decay * value;   value *= value_factor
///   m = beta1 m + (1 - beta1) g;             v = beta2 v + (1 - beta2) g^2
///   value -= step_size * m / (sqrt(v) * root_scale + epsilon)
///
/// Where m or v would not be finite, and stay so for good, all three are left as they are; the
/// result says whether there was no such weight.
///
/// Shapes    one shape; nothing is checked.
/// Source    Kingma & Ba 2015, arXiv:1412.6980, algorithm 1; Loshchilov & Hutter 2019,
///           arXiv:1711.05101, algorithm 2, for the decoupled decay.
template <std::floating_point T, Device D>
[[nodiscard]] bool adam_step(const AdamCoefficients& coefficients, const Tensor<T, D>& gradient,
                             Tensor<T, D>& value, Tensor<T, D>& m, Tensor<T, D>& v) {
  return AdamKernel<T, D>::step(coefficients, gradient, value, m, v);
}

/// The definition, for one weight.
template <std::floating_point T>
struct AdamReference {
  static bool step(const AdamCoefficients& k, T gradient, T& value, T& m, T& v) {
    const double g = gradient + k.gradient_decay * value;
    const auto mean = static_cast<T>(k.beta1 * m + (1 - k.beta1) * g);
    const auto square = static_cast<T>(k.beta2 * v + (1 - k.beta2) * g * g);
    if (!std::isfinite(mean) || !std::isfinite(square)) return false;
    m = mean;
    v = square;
    value = static_cast<T>(value * k.value_factor -
                           k.step_size * m / (std::sqrt(v) * k.root_scale + k.epsilon));
    return true;
  }
};

}  // namespace asyndgan::kernels

#include "asyndgan/kernels/cpu/adam.hpp"  // IWYU pragma: export
