// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <utility>
#include <vector>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/transport/group.hpp"

namespace asyndgan::federation {

/// Adds up a network's gradients, one contribution after the other, and those of all processes of
/// the centre: in double, so that a sum of floats does not show who added up which of them.
template <std::floating_point T, Device D>
class GradientSum {
 public:
  /// What `state` points to outlives it.
  explicit GradientSum(State<T, D> state) : state_(std::move(state)) {}

  /// Takes the gradients, and leaves zeros.
  void take() {
    sums_.resize(state_.parameter_count());
    auto sum = sums_.begin();
    for (const auto& [name, parameter] : state_.parameters) {
      for (const T value : parameter->grad.to_host()) *sum++ += static_cast<double>(value);
      parameter->grad.zero();
    }
  }

  void give(transport::Group& replicas) {
    sums_.resize(state_.parameter_count());
    replicas.sum(sums_);
    auto sum = sums_.begin();
    for (const auto& [name, parameter] : state_.parameters) {
      std::vector<T> values(parameter->grad.size());
      std::generate(values.begin(), values.end(), [&] { return static_cast<T>(*sum++); });
      parameter->grad = Tensor<T, D>::from_host(parameter->grad.shape(), values);
    }
  }

 private:
  State<T, D> state_;
  std::vector<double> sums_;
};

}  // namespace asyndgan::federation
