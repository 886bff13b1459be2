// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/layer.hpp"
#include "asyndgan/networks/network.hpp"

namespace asyndgan::downstream {

namespace detail {

/// Images [begin, end) on the network's device, in its precision.
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> images_between(const Tensor<float>& images, int begin, int end) {
  Shape shape = images.shape();
  shape.n = end - begin;
  const auto first = images.values().begin() +
                     static_cast<std::ptrdiff_t>(static_cast<std::size_t>(begin) * shape.image());
  const std::vector<T> values(first, first + static_cast<std::ptrdiff_t>(shape.size()));
  return Tensor<T, D>::from_host(shape, values);
}

}  // namespace detail

/// The class of the largest logit of each pixel; of equal ones, the first.
///
/// Shapes  logits (N, classes, H, W), result (N, H, W).
/// Errors  ShapeError on more than 256 classes.
template <std::floating_point T, Device D>
[[nodiscard]] LabelMap most_likely(const Tensor<T, D>& logits) {
  const Shape& shape = logits.shape();
  if (shape.c < 1 || shape.c > 256) {
    throw ShapeError("most_likely: logits " + to_string(shape) + ", expected 1 to 256 classes");
  }
  const auto values = logits.to_host();
  const std::size_t plane = shape.plane();
  LabelMap result(shape.n, shape.h, shape.w);
  for (std::size_t i = 0; i < result.labels.size(); ++i) {
    const std::size_t first = i / plane * shape.image() + i % plane;
    std::size_t best = 0;
    for (std::size_t k = 1; k < static_cast<std::size_t>(shape.c); ++k) {
      if (values[first + k * plane] > values[first + best * plane]) best = k;
    }
    result.labels[i] = static_cast<std::uint8_t>(best);
  }
  return result;
}

/// What a segmenter makes of images, with running statistics and without dropout.
///
/// Shapes  images (N, C, H, W), result (N, H, W).
/// Ensures an image's labels do not depend on `batch`.
template <networks::Network Net>
[[nodiscard]] LabelMap segment(Net& network, const Tensor<float>& images, int batch = 16) {
  if (batch < 1) throw ContractViolation("segment: batch " + std::to_string(batch));
  const Shape& shape = images.shape();
  LabelMap result(shape.n, shape.h, shape.w);
  for (int begin = 0; begin < shape.n; begin += batch) {
    const int end = std::min(shape.n, begin + batch);
    auto part =
        detail::images_between<typename Net::Scalar, typename Net::Place>(images, begin, end);
    typename Net::Saved saved;
    const LabelMap labels =
        most_likely(network.forward(std::move(part), saved, layers::Pass::evaluation()));
    std::copy(labels.labels.begin(), labels.labels.end(),
              result.labels.begin() +
                  static_cast<std::ptrdiff_t>(static_cast<std::size_t>(begin) * result.plane()));
  }
  return result;
}

}  // namespace asyndgan::downstream
