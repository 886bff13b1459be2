// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/pointwise_loss.hpp"
#include "asyndgan/losses/loss.hpp"

namespace asyndgan::losses {

namespace detail {
/// -1, 0 or 1; NaN for NaN.
[[nodiscard]] inline double sign(double x) {
  if (x > 0) return 1;
  return x < 0 ? -1 : x;
}
}  // namespace detail

/// mean |image - target| over batch, channels and pixels; the gradient is that of `image`, 0
/// where they are equal.
///
/// The sign of the gradient is the sign of (image - target): whoever sees it can find the target.
///
/// Errors  ShapeError when the shapes differ or are empty.
template <std::floating_point T, Device D>
[[nodiscard]] Loss<T, D> l1(const Tensor<T, D>& image, const Tensor<T, D>& target) {
  require_shape(target.shape(), image.shape(), "l1: target");
  detail::require_elements(image.shape(), "l1: image");
  Loss<T, D> loss{0, Tensor<T, D>::uninitialized(image.shape())};
  const auto distance = [](double x, double y) {
    return kernels::PointLoss{std::abs(x - y), detail::sign(x - y)};
  };
  const double share = 1 / static_cast<double>(image.size());
  loss.value = kernels::pointwise_loss(distance, share, loss.gradient, image, target);
  return loss;
}

}  // namespace asyndgan::losses
