// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <utility>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/channels.hpp"

namespace asyndgan::kernels {

/// The channels of a, then those of b. Only copies, so it is written once for every device.
///
/// Shapes  a (N, A, H, W), b (N, B, H, W), result (N, A + B, H, W).
/// Errors  ShapeError when batch or size differ.
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> concat_channels(const Tensor<T, D>& a, const Tensor<T, D>& b) {
  const Shape& shape = a.shape();
  require_shape(b.shape(), {shape.n, b.shape().c, shape.h, shape.w},
                "concat_channels: second tensor");
  auto joined = Tensor<T, D>::uninitialized({shape.n, shape.c + b.shape().c, shape.h, shape.w});
  for (int n = 0; n < shape.n && joined.size() > 0; ++n) {
    T* const to = detail::plane(joined, n, 0);
    const std::size_t first = shape.image();
    const std::size_t second = b.shape().image();
    if (first > 0) D::copy(to, detail::plane(a, n, 0), first * sizeof(T));
    if (second > 0) D::copy(to + first, detail::plane(b, n, 0), second * sizeof(T));
  }
  return joined;
}

/// The way back of concat_channels: the first `channels` channels, and the others.
///
/// Shapes  x (N, C, H, W), result (N, channels, H, W) and (N, C - channels, H, W).
/// Errors  ShapeError unless 0 <= channels <= C.
template <std::floating_point T, Device D>
[[nodiscard]] std::pair<Tensor<T, D>, Tensor<T, D>> split_channels(const Tensor<T, D>& x,
                                                                   int channels) {
  const Shape& shape = x.shape();
  if (channels < 0 || channels > shape.c) {
    throw ShapeError("split_channels: " + std::to_string(channels) + " channels of " +
                     to_string(shape));
  }
  auto a = Tensor<T, D>::uninitialized({shape.n, channels, shape.h, shape.w});
  auto b = Tensor<T, D>::uninitialized({shape.n, shape.c - channels, shape.h, shape.w});
  for (int n = 0; n < shape.n; ++n) {
    const std::size_t first = a.shape().image();
    const std::size_t second = b.shape().image();
    if (first > 0) D::copy(detail::plane(a, n, 0), detail::plane(x, n, 0), first * sizeof(T));
    if (second > 0) {
      D::copy(detail::plane(b, n, 0), detail::plane(x, n, channels), second * sizeof(T));
    }
  }
  return {std::move(a), std::move(b)};
}

}  // namespace asyndgan::kernels
