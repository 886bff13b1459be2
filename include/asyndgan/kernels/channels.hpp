// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include "asyndgan/core/tensor.hpp"

namespace asyndgan::kernels {

namespace detail {
/// First element of plane (n, c).
template <std::floating_point T, Device D>
[[nodiscard]] T* plane(Tensor<T, D>& x, int n, int c) {
  return x.data() + static_cast<std::size_t>(n) * x.shape().image() +
         static_cast<std::size_t>(c) * x.shape().plane();
}
template <std::floating_point T, Device D>
[[nodiscard]] const T* plane(const Tensor<T, D>& x, int n, int c) {
  return x.data() + static_cast<std::size_t>(n) * x.shape().image() +
         static_cast<std::size_t>(c) * x.shape().plane();
}
inline void require_channels(std::span<const int> channels, const Shape& shape) {
  for (const int c : channels) {
    if (c < 0 || c >= shape.c) {
      throw ShapeError("channel " + std::to_string(c) + " of an image of shape " +
                       to_string(shape));
    }
  }
}
}  // namespace detail

/// What a conditional discriminator sees: all of `condition`, then the chosen channels of
/// `image`. Only copies, so it is written once for every device.
///
/// Shapes  condition (N, Y, H, W), image (N, C, H, W), result (N, Y + channels.size(), H, W).
/// Errors  ShapeError when sizes differ or a channel is not in the image.
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> join_channels(const Tensor<T, D>& condition, const Tensor<T, D>& image,
                                         std::span<const int> channels) {
  const Shape& x = image.shape();
  require_shape(condition.shape(), {x.n, condition.shape().c, x.h, x.w}, "condition");
  detail::require_channels(channels, x);
  const int conditions = condition.shape().c;
  auto joined =
      Tensor<T, D>::uninitialized({x.n, conditions + static_cast<int>(channels.size()), x.h, x.w});
  const std::size_t plane_bytes = x.plane() * sizeof(T);
  for (int n = 0; n < x.n && plane_bytes > 0; ++n) {
    if (conditions > 0) {
      D::copy(detail::plane(joined, n, 0), detail::plane(condition, n, 0),
              static_cast<std::size_t>(conditions) * plane_bytes);
    }
    for (int k = 0; k < static_cast<int>(channels.size()); ++k) {
      D::copy(detail::plane(joined, n, conditions + k),
              detail::plane(image, n, channels[static_cast<std::size_t>(k)]), plane_bytes);
    }
  }
  return joined;
}

/// The way back of join_channels for the image part: writes dL/djoined's last channels to the
/// chosen channels of `d_image`, and leaves its other channels alone.
///
/// Shapes  d_joined (N, Y + channels.size(), H, W), d_image (N, C, H, W).
template <std::floating_point T, Device D>
void place_channels(const Tensor<T, D>& d_joined, std::span<const int> channels,
                    Tensor<T, D>& d_image) {
  const Shape& x = d_image.shape();
  const int conditions = d_joined.shape().c - static_cast<int>(channels.size());
  require_shape(d_joined.shape(), {x.n, d_joined.shape().c, x.h, x.w}, "gradient of joined input");
  detail::require_channels(channels, x);
  if (conditions < 0) throw ShapeError("place_channels: more channels than in the gradient");
  const std::size_t plane_bytes = x.plane() * sizeof(T);
  for (int n = 0; n < x.n && plane_bytes > 0; ++n) {
    for (int k = 0; k < static_cast<int>(channels.size()); ++k) {
      D::copy(detail::plane(d_image, n, channels[static_cast<std::size_t>(k)]),
              detail::plane(d_joined, n, conditions + k), plane_bytes);
    }
  }
}

}  // namespace asyndgan::kernels
