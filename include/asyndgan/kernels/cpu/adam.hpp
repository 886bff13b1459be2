// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/adam.hpp"
#include "asyndgan/kernels/cpu/blocks.hpp"
#include "asyndgan/kernels/cpu/vector_ops.hpp"

namespace asyndgan::kernels {

template <std::floating_point T>
struct AdamKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static bool step(const AdamCoefficients& k, const Array& gradient, Array& value, Array& m,
                   Array& v) {
    const cpu::AdamFactors<T> factors{.beta1 = static_cast<T>(k.beta1),
                                      .rest1 = static_cast<T>(1 - k.beta1),
                                      .beta2 = static_cast<T>(k.beta2),
                                      .rest2 = static_cast<T>(1 - k.beta2),
                                      .step_size = static_cast<T>(k.step_size),
                                      .root_scale = static_cast<T>(k.root_scale),
                                      .epsilon = static_cast<T>(k.epsilon),
                                      .gradient_decay = static_cast<T>(k.gradient_decay),
                                      .value_factor = static_cast<T>(k.value_factor)};
    std::atomic<bool> all_finite = true;
    parallel_blocks(value.size(), cpu::kBlock, [&](std::size_t begin, std::size_t end) {
      if (!cpu::vector_ops<T>().adam(end - begin, factors, gradient.data() + begin,
                                     value.data() + begin, m.data() + begin, v.data() + begin)) {
        all_finite = false;
      }
    });
    return all_finite;
  }
};

}  // namespace asyndgan::kernels
