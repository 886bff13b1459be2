// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>

#include "asyndgan/core/tensor.hpp"

namespace asyndgan::kernels {

/// A loss at one element and its derivative there.
struct PointLoss {
  double value;
  double slope;
};

/// Element-wise losses of one device: static run with the contract of pointwise_loss.
/// Specialised per device; cpu/pointwise_loss.hpp holds the Cpu's.
template <std::floating_point T, Device D>
struct PointwiseLossKernel;

/// factor * sum over i of loss(x_i, others_i...).value, and its gradient with respect to x:
/// d_x_i = factor * loss(x_i, others_i...).slope. `loss` takes and gives doubles.
///
/// Shapes  one shape; nothing is checked.
/// Ensures the sum has a fixed order, whatever the number of threads.
template <class F, std::floating_point T, Device D, class... Others>
[[nodiscard]] double pointwise_loss(const F& loss, double factor, Tensor<T, D>& d_x,
                                    const Tensor<T, D>& x, const Others&... others) {
  return PointwiseLossKernel<T, D>::run(loss, factor, d_x, x, others...);
}

}  // namespace asyndgan::kernels

#include "asyndgan/kernels/cpu/pointwise_loss.hpp"  // IWYU pragma: export
