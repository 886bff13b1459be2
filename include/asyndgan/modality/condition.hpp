// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/tensor.hpp"

/// What a generator is told about a label map.
namespace asyndgan::modality {

namespace detail {
inline void require_labels_below(const LabelMap& labels, int classes, const char* what) {
  for (std::size_t i = 0; i < labels.labels.size(); ++i) {
    if (labels.labels[i] < classes) continue;
    throw ContractViolation(std::string(what) + ": label " + std::to_string(labels.labels[i]) +
                            " with " + std::to_string(classes) + " classes, at pixel " +
                            std::to_string(i % labels.plane()) + " of map " +
                            std::to_string(i / labels.plane()));
  }
}
}  // namespace detail

/// One channel per class: 1 where the pixel has that class, else 0.
///
/// Shapes   labels (N, H, W), result (N, classes, H, W).
/// Errors   ContractViolation if a label is not below `classes`.
template <std::floating_point T, Device D = Cpu>
[[nodiscard]] Tensor<T, D> one_hot(const LabelMap& labels, int classes) {
  detail::require_labels_below(labels, classes, "one_hot");
  const Shape shape{labels.n, classes, labels.h, labels.w};
  std::vector<T> values(shape.size(), T{0});
  const std::size_t plane = shape.plane();
  for (std::size_t n = 0; n < static_cast<std::size_t>(labels.n); ++n) {
    const std::uint8_t* const map = labels.labels.data() + n * plane;
    T* const image = values.data() + n * shape.image();
    for (std::size_t i = 0; i < plane; ++i) image[map[i] * plane + i] = T{1};
  }
  return Tensor<T, D>::from_host(shape, values);
}

/// One channel, class k at grey level 2 k / (classes - 1) - 1: the encoding of the papers,
/// with one grey level per class in every image (the published code scales by the largest
/// label of the slice, so that a class changes its level from slice to slice).
///
/// Shapes   labels (N, H, W), result (N, 1, H, W).
/// Requires classes >= 2.
/// Errors   ContractViolation if a label is not below `classes`.
/// Source   Chang et al. 2020, arXiv:2006.00080, section 4 (label maps as network input).
template <std::floating_point T, Device D = Cpu>
[[nodiscard]] Tensor<T, D> grey_levels(const LabelMap& labels, int classes) {
  if (classes < 2) {
    throw ContractViolation("grey_levels: " + std::to_string(classes) + " classes, at least 2");
  }
  detail::require_labels_below(labels, classes, "grey_levels");
  std::vector<T> values(labels.labels.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = T{2} * static_cast<T>(labels.labels[i]) / static_cast<T>(classes - 1) - T{1};
  }
  return Tensor<T, D>::from_host({labels.n, 1, labels.h, labels.w}, values);
}

/// Label maps, and what the networks see of them.
template <std::floating_point T, Device D = Cpu>
struct Condition {
  LabelMap labels;        // (N, H, W)
  Tensor<T, D> channels;  // (N, Y, H, W)

  /// Errors  as one_hot().
  [[nodiscard]] static Condition one_hot(LabelMap labels, int classes) {
    auto channels = modality::one_hot<T, D>(labels, classes);
    return {std::move(labels), std::move(channels)};
  }
};

}  // namespace asyndgan::modality
