// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/modality/condition.hpp"

namespace asyndgan::modality {

/// What the generator is given for a batch of label maps. The central node and whoever
/// synthesises later must agree on it, so it is written once, here.
struct GeneratorInput {
  int classes = 2;         // of the label maps, background included
  int noise_channels = 1;  // of standard normal noise; with dropout, what makes samples differ

  [[nodiscard]] int channels() const { return classes + noise_channels; }

  /// One channel per class, then the noise.
  ///
  /// Shapes   maps (N, H, W), result (N, classes + noise_channels, H, W).
  /// Errors   ContractViolation if a label is not below `classes`.
  template <std::floating_point T, Device D = Cpu>
  [[nodiscard]] Tensor<T, D> make(const LabelMap& maps, random::Key key) const {
    const auto condition = one_hot<T>(maps, classes);
    const Shape shape{maps.n, channels(), maps.h, maps.w};
    const std::size_t labels = condition.shape().image();
    const std::size_t noise = shape.image() - labels;
    key.purpose = random::Purpose::noise;
    const random::Stream stream(key);
    std::vector<T> values;
    values.reserve(shape.size());
    for (std::size_t n = 0; n < static_cast<std::size_t>(maps.n); ++n) {
      const auto first = condition.values().begin() + static_cast<std::ptrdiff_t>(n * labels);
      values.insert(values.end(), first, first + static_cast<std::ptrdiff_t>(labels));
      for (std::size_t i = 0; i < noise; ++i) {
        values.push_back(static_cast<T>(stream.normal(n * noise + i)));
      }
    }
    return Tensor<T, D>::from_host(shape, values);
  }
};

}  // namespace asyndgan::modality
