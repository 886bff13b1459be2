// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>

#include "asyndgan/kernels/adam.hpp"
#include "asyndgan/kernels/cpu/blocks.hpp"

namespace asyndgan::kernels {

template <std::floating_point T>
struct AdamKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static void step(const AdamCoefficients& k, const Array& gradient, Array& value, Array& m,
                   Array& v) {
    const T beta1 = static_cast<T>(k.beta1);
    const T beta2 = static_cast<T>(k.beta2);
    const T rest1 = static_cast<T>(1 - k.beta1);
    const T rest2 = static_cast<T>(1 - k.beta2);
    const T step_size = static_cast<T>(k.step_size);
    const T root_scale = static_cast<T>(k.root_scale);
    const T epsilon = static_cast<T>(k.epsilon);
    const T decay = static_cast<T>(k.gradient_decay);
    const T factor = static_cast<T>(k.value_factor);
    const T* const gradients = gradient.data();
    T* const values = value.data();
    T* const means = m.data();
    T* const squares = v.data();
    cpu::for_each_element(value.size(), [=](std::size_t i) {
      const T g = gradients[i] + decay * values[i];
      const T mean = beta1 * means[i] + rest1 * g;
      const T square = beta2 * squares[i] + rest2 * g * g;
      means[i] = mean;
      squares[i] = square;
      values[i] =
          values[i] * factor - step_size * mean / (std::sqrt(square) * root_scale + epsilon);
    });
  }
};

}  // namespace asyndgan::kernels
