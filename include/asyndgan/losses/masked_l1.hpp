// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/channels.hpp"
#include "asyndgan/kernels/elementwise.hpp"
#include "asyndgan/kernels/pointwise_loss.hpp"
#include "asyndgan/losses/l1.hpp"
#include "asyndgan/losses/loss.hpp"

namespace asyndgan::losses {

namespace detail {
/// The one channel of `mask`, `channels` times.
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> repeat_channel(const Tensor<T, D>& mask, int channels) {
  const Shape& shape = mask.shape();
  auto repeated = Tensor<T, D>::uninitialized({shape.n, channels, shape.h, shape.w});
  for (int n = 0; n < shape.n; ++n) {
    for (int c = 0; c < channels; ++c) {
      D::copy(kernels::detail::plane(repeated, n, c), kernels::detail::plane(mask, n, 0),
              shape.plane() * sizeof(T));
    }
  }
  return repeated;
}
}  // namespace detail

/// sum(mask * |image - target|) / sum(mask): L1 where the mask is, such as the brain and not the
/// air around it. One mask channel serves all channels of the image. 0 under an empty mask.
///
/// The gradient gives the target away as that of l1 does.
///
/// Shapes    image and target (N, C, H, W), mask (N, 1, H, W).
/// Requires  mask >= 0.
/// Errors    ShapeError when the shapes do not fit or are empty.
template <std::floating_point T, Device D>
[[nodiscard]] Loss<T, D> masked_l1(const Tensor<T, D>& image, const Tensor<T, D>& target,
                                   const Tensor<T, D>& mask) {
  const Shape& shape = image.shape();
  require_shape(target.shape(), shape, "masked_l1: target");
  require_shape(mask.shape(), {shape.n, 1, shape.h, shape.w}, "masked_l1: mask");
  detail::require_elements(shape, "masked_l1: image");
  Loss<T, D> loss{0, Tensor<T, D>(shape)};
  const double weight = kernels::sum(mask) * shape.c;
  if (weight == 0) return loss;
  const auto distance = [](double x, double y, double m) {
    return kernels::PointLoss{m * std::abs(x - y), m * detail::sign(x - y)};
  };
  loss.value = kernels::pointwise_loss(distance, 1 / weight, loss.gradient, image, target,
                                       detail::repeat_channel(mask, shape.c));
  return loss;
}

}  // namespace asyndgan::losses
