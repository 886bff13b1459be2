// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/tensor.hpp"

namespace asyndgan {

/// A learned tensor and its gradient. `rank` is the number of dimensions PyTorch
/// gives it: a convolution weight has 4, a bias or a norm weight 1 (stored as (1, C, 1, 1)).
template <std::floating_point T, Device D = Cpu>
struct Parameter {
  explicit Parameter(const Shape& shape, int rank_ = 4) : value(shape), rank(rank_) {}

  /// Where a backward pass adds to: grad, of zeros where there is none yet.
  [[nodiscard]] Tensor<T, D>& gradient() {
    if (grad.empty()) grad = Tensor<T, D>(value.shape());
    return grad;
  }
  /// Says that a backward pass has added its part, and is done with the value.
  void complete_gradient() {
    if (when_complete) when_complete();
  }

  Tensor<T, D> value;
  Tensor<T, D> grad;  // dL/dvalue, summed since it was last zero; empty until it is asked for
  int rank;
  std::function<void()> when_complete = {};  // set by GradientWatch
};

/// Everything of a network that training changes, under PyTorch's state_dict names.
/// The pointers stay valid as long as the network is neither moved nor destroyed.
template <std::floating_point T, Device D = Cpu>
struct State {
  struct NamedParameter {
    std::string name;  // "model.10.conv_block.1.weight"
    Parameter<T, D>* parameter;
  };
  /// Learned without a gradient: running mean and variance, a spectral norm's vector.
  struct NamedBuffer {
    std::string name;  // "model.2.running_mean"
    Tensor<T, D>* tensor;
  };
  /// Batches a running statistic has seen, queries that samples have answered.
  struct NamedCounter {
    std::string name;  // "model.2.num_batches_tracked"
    std::int64_t* count;
    std::size_t list = 0;  // 0 for a single number, else that many from `count` on
  };

  /// Sums that are exact in double whatever T is.
  struct NamedReal {
    std::string name;  // "loss_average.generator"
    double* value;
  };

  std::vector<NamedParameter> parameters;
  std::vector<NamedBuffer> buffers;
  std::vector<NamedCounter> counters;
  std::vector<NamedReal> reals;

  void zero_gradients() {
    for (auto& [name, parameter] : parameters) parameter->grad.zero();
  }
  [[nodiscard]] std::size_t parameter_count() const {
    std::size_t count = 0;
    for (const auto& [name, parameter] : parameters) count += parameter->value.size();
    return count;
  }
};

/// While it lives, take(i) is called as soon as the gradient of the i-th of `parameters` is
/// complete, in the middle of the pass that made it: take() may change the value, and may give the
/// gradient back, so that there is never more than one layer's.
///
/// Requires  what `state` points to outlives it; one at a time.
template <std::floating_point T, Device D = Cpu>
class GradientWatch {
 public:
  using Parameters = std::vector<typename State<T, D>::NamedParameter>;

  template <std::invocable<std::size_t> Take>
  GradientWatch(const Parameters& parameters, Take take) : parameters_(parameters) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].parameter->when_complete = [take, i] { take(i); };
    }
  }
  GradientWatch(const GradientWatch&) = delete;
  GradientWatch& operator=(const GradientWatch&) = delete;
  ~GradientWatch() {
    for (const auto& [name, parameter] : parameters_) parameter->when_complete = nullptr;
  }

 private:
  const Parameters& parameters_;
};

}  // namespace asyndgan
