// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"

namespace asyndgan::federation {

/// How the sites' gradients of G's weights become one.
enum class Combination {
  mean,    // sum_j pi_j g_j: the objective. Chang et al. 2020 (CVPR), eq. 1
  median,  // of every weight alone: less than half of the pi_j cannot move it far. Yin et al. 2018
};

struct Vote {
  double value;
  double weight;
};

/// The value that half of the weight lies below and half above; between two, their mean.
///
/// Requires  votes, with weights above 0. Their order is changed.
[[nodiscard]] inline double weighted_median(std::span<Vote> votes) {
  std::sort(votes.begin(), votes.end(),
            [](const Vote& a, const Vote& b) { return a.value < b.value; });
  double half = 0;
  for (const Vote& vote : votes) half += vote.weight / 2;
  constexpr double kRounding = 1e-9;  // sums of shares such as 1/3
  double below = 0;
  std::size_t i = 0;
  while (i + 1 < votes.size() && (below += votes[i].weight) < half * (1 - kRounding)) ++i;
  const bool between = i + 1 < votes.size() && below <= half * (1 + kRounding);
  return between ? (votes[i].value + votes[i + 1].value) / 2 : votes[i].value;
}

/// Gathers a network's gradients, one contribution after the other, and puts in their place the
/// weighted median of each number times the sum of the weights. It keeps a copy of the gradients
/// for each contribution.
///
/// Source  Yin et al. 2018, Byzantine-Robust Distributed Learning (arXiv:1803.01498), algorithm 1,
///         option I, with weights.
template <std::floating_point T, Device D>
class GradientMedian {
 public:
  /// What `state` points to outlives it.
  explicit GradientMedian(State<T, D> state) : state_(std::move(state)) {}

  /// Takes the gradients, and leaves none. Those with a value that is not finite do not count.
  ///
  /// Requires  weight > 0.
  void take(double weight) {
    Copy copy{weight, {}};
    for (const auto& [name, parameter] : state_.parameters) {
      copy.gradients.push_back(std::exchange(parameter->gradient(), {}));
    }
    const auto finite = [](const Tensor<T, D>& gradient) {
      const auto values = gradient.to_host();
      return std::all_of(values.begin(), values.end(), [](T v) { return std::isfinite(v); });
    };
    if (std::all_of(copy.gradients.begin(), copy.gradients.end(), finite)) {
      copies_.push_back(std::move(copy));
    }
  }

  /// Completes every gradient with its median.
  void give() const {
    if (copies_.empty()) return;
    double sum = 0;
    for (const Copy& copy : copies_) sum += copy.weight;
    std::vector<Vote> votes(copies_.size());
    for (std::size_t p = 0; p < state_.parameters.size(); ++p) {
      std::vector<std::vector<T>> columns;
      for (const Copy& copy : copies_) columns.push_back(copy.gradients[p].to_host());
      Parameter<T, D>& parameter = *state_.parameters[p].parameter;
      std::vector<T> medians(parameter.value.size());
      for (std::size_t i = 0; i < medians.size(); ++i) {
        for (std::size_t j = 0; j < votes.size(); ++j) {
          votes[j] = {static_cast<double>(columns[j][i]), copies_[j].weight};
        }
        medians[i] = static_cast<T>(sum * weighted_median(votes));
      }
      parameter.grad = Tensor<T, D>::from_host(parameter.value.shape(), medians);
      parameter.complete_gradient();
    }
  }

 private:
  struct Copy {
    double weight;
    std::vector<Tensor<T, D>> gradients;
  };
  State<T, D> state_;
  std::vector<Copy> copies_;
};

}  // namespace asyndgan::federation
