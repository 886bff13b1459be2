// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/tensor.hpp"

namespace asyndgan {

/// A learned tensor and its gradient. `rank` is the number of dimensions PyTorch
/// gives it: a convolution weight has 4, a bias or a norm weight 1 (stored as (1, C, 1, 1)).
template <std::floating_point T, Device D = Cpu>
struct Parameter {
  explicit Parameter(const Shape& shape, int rank_ = 4) : value(shape), grad(shape), rank(rank_) {}

  Tensor<T, D> value;
  Tensor<T, D> grad;  // dL/dvalue, summed since the last zero()
  int rank;
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

}  // namespace asyndgan
