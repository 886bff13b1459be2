// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "asyndgan/core/parallel.hpp"
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
  explicit GradientSum(State<T, D> state) : state_(std::move(state)) {
    std::size_t count = 0;
    for (const auto& [name, parameter] : state_.parameters) {
      begins_.push_back(count);
      count += parameter->value.size();
    }
    sums_.resize(count);
  }

  /// Takes the gradients that `pass` makes, each as soon as it is complete.
  void add(const std::function<void()>& pass) {
    const GradientWatch<T, D> watch(state_.parameters, [this](std::size_t i) {
      const auto values = std::exchange(state_.parameters[i].parameter->grad, {}).to_host();
      for_each(i, [&](std::size_t k, double& sum) { sum += static_cast<double>(values[k]); });
    });
    pass();
  }

  /// Completes every gradient with its sum.
  void give(transport::Group& replicas) {
    replicas.sum(sums_);
    for (std::size_t i = 0; i < begins_.size(); ++i) {
      Parameter<T, D>& parameter = *state_.parameters[i].parameter;
      std::vector<T> values(parameter.value.size());
      for_each(i, [&](std::size_t k, double sum) { values[k] = static_cast<T>(sum); });
      parameter.grad = Tensor<T, D>::from_host(parameter.value.shape(), values);
      parameter.complete_gradient();
    }
  }

 private:
  /// visit(k, the k-th sum of the i-th parameter).
  template <class Visit>
  void for_each(std::size_t i, const Visit& visit) {
    constexpr std::size_t kBlock = 16384;
    double* sums = sums_.data() + begins_[i];
    parallel_blocks(state_.parameters[i].parameter->value.size(), kBlock,
                    [&](std::size_t begin, std::size_t end) {
                      for (std::size_t k = begin; k < end; ++k) visit(k, sums[k]);
                    });
  }

  State<T, D> state_;
  std::vector<std::size_t> begins_;  // of each parameter's
  std::vector<double> sums_;
};

}  // namespace asyndgan::federation
