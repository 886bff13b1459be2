// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>

#include "asyndgan/kernels/cpu/blocks.hpp"
#include "asyndgan/kernels/cpu/vector_ops.hpp"
#include "asyndgan/kernels/elementwise.hpp"

namespace asyndgan::kernels {

template <std::floating_point T>
struct ElementwiseKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static void fill(Array& x, T value) {
    T* const to = x.data();
    cpu::for_each_element(x.size(), [=](std::size_t i) { to[i] = value; });
  }

  static double sum(const Array& x) {
    const T* const values = x.data();
    return cpu::sum_over_blocks(x.size(), [=](std::size_t begin, std::size_t end) {
      return cpu::vector_ops<T>().sum(end - begin, values + begin);
    });
  }

  static void scale(T factor, Array& x) {
    T* const to = x.data();
    cpu::for_each_element(x.size(), [=](std::size_t i) { to[i] *= factor; });
  }

  static void scale_and_add(T a, T b, const Array& x, Array& y) {
    const T* const from = x.data();
    T* const to = y.data();
    cpu::for_each_element(y.size(), [=](std::size_t i) { to[i] = a * to[i] + b * from[i]; });
  }
};

}  // namespace asyndgan::kernels
