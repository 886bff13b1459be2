// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/activation.hpp"
#include "asyndgan/kernels/cpu/blocks.hpp"
#include "asyndgan/kernels/cpu/vector_ops.hpp"

namespace asyndgan::kernels {

/// Bound by memory, so one pass over the data each.
template <std::floating_point T>
struct ActivationKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static void rectify_forward(T slope, Array& x, Mask<Cpu>& open) {
    parallel_blocks(x.size(), cpu::kBlock, [&](std::size_t begin, std::size_t end) {
      cpu::vector_ops<T>().rectify(end - begin, slope, x.data() + begin, open.data() + begin);
    });
  }

  static void rectify_backward(const Array& d_output, T slope, const Mask<Cpu>& open,
                               Array& d_input) {
    parallel_blocks(d_output.size(), cpu::kBlock, [&](std::size_t begin, std::size_t end) {
      cpu::vector_ops<T>().select_scale(end - begin, open.data() + begin, T(1), slope,
                                        d_output.data() + begin, d_input.data() + begin);
    });
  }

  static void tanh_forward(Array& x) {
    parallel_blocks(x.size(), cpu::kBlock, [&](std::size_t begin, std::size_t end) {
      cpu::vector_ops<T>().tanh(end - begin, x.data() + begin);
    });
  }

  static void tanh_backward(const Array& d_output, const Array& output, Array& d_input) {
    const T* const from = d_output.data();
    const T* const y = output.data();
    T* const to = d_input.data();
    cpu::for_each_element(output.size(),
                          [=](std::size_t i) { to[i] = from[i] * (1 - y[i] * y[i]); });
  }

  static void sigmoid_forward(Array& x) {
    parallel_blocks(x.size(), cpu::kBlock, [&](std::size_t begin, std::size_t end) {
      cpu::vector_ops<T>().sigmoid(end - begin, x.data() + begin);
    });
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
