// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>

#include "asyndgan/kernels/activation.hpp"
#include "asyndgan/kernels/cpu/blocks.hpp"

namespace asyndgan::kernels {

/// Bound by memory, so one pass over the data each.
template <std::floating_point T>
struct ActivationKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static void rectify_forward(T slope, Array& x, Mask<Cpu>& open) {
    T* const values = x.data();
    unsigned char* const mask = open.data();
    cpu::for_each_element(x.size(), [=](std::size_t i) {
      const T value = values[i];
      mask[i] = value > 0 ? 1 : 0;
      values[i] = value < 0 ? slope * value : value;
    });
  }

  static void rectify_backward(const Array& d_output, T slope, const Mask<Cpu>& open,
                               Array& d_input) {
    const T* const from = d_output.data();
    T* const to = d_input.data();
    const unsigned char* const mask = open.data();
    cpu::for_each_element(d_output.size(), [=](std::size_t i) {
      const T gradient = from[i];
      to[i] = mask[i] != 0 ? gradient : slope * gradient;
    });
  }

  static void tanh_forward(Array& x) {
    T* const values = x.data();
    cpu::for_each_element(x.size(), [=](std::size_t i) { values[i] = std::tanh(values[i]); });
  }

  static void tanh_backward(const Array& d_output, const Array& output, Array& d_input) {
    const T* const from = d_output.data();
    const T* const y = output.data();
    T* const to = d_input.data();
    cpu::for_each_element(output.size(),
                          [=](std::size_t i) { to[i] = from[i] * (1 - y[i] * y[i]); });
  }

  static void sigmoid_forward(Array& x) {
    T* const values = x.data();
    cpu::for_each_element(
        x.size(), [=](std::size_t i) { values[i] = ActivationReference<T>::sigmoid(values[i]); });
  }

  static void sigmoid_backward(const Array& d_output, const Array& output, Array& d_input) {
    const T* const from = d_output.data();
    const T* const y = output.data();
    T* const to = d_input.data();
    cpu::for_each_element(output.size(),
                          [=](std::size_t i) { to[i] = from[i] * y[i] * (1 - y[i]); });
  }
};

}  // namespace asyndgan::kernels
