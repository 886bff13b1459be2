// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>

#include "asyndgan/kernels/cpu/blocks.hpp"
#include "asyndgan/kernels/pointwise_loss.hpp"

namespace asyndgan::kernels {

template <std::floating_point T>
struct PointwiseLossKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  template <class F, class... Arrays>
  static double run(const F& loss, double factor, Array& d_x, const Arrays&... inputs) {
    T* const gradient = d_x.data();
    return factor * cpu::sum_over_blocks(d_x.size(), [&](std::size_t begin, std::size_t end) {
             double total = 0;
             for (std::size_t i = begin; i < end; ++i) {
               const PointLoss point = loss(static_cast<double>(inputs.data()[i])...);
               gradient[i] = static_cast<T>(factor * point.slope);
               total += point.value;
             }
             return total;
           });
  }
};

}  // namespace asyndgan::kernels
