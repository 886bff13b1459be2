// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/elementwise.hpp"

namespace asyndgan::optim {

/// An exponential average of a network's weights over its training. A generator's average draws
/// steadier images than its last weights do.
///
///   average = d * average + (1 - d) * weights,   d = min(decay, (1 + t) / (10 + t))
///
/// where t counts updates, so that the random weights of the beginning are forgotten soon. Running
/// means and variances of norms are averaged too; other buffers stay as they are.
///
/// Requires  the network of `state` is neither moved nor destroyed while this lives.
/// Source    Yazici et al. 2019, arXiv:1806.04498; the warm-up is TensorFlow's.
template <std::floating_point T, Device D = Cpu>
class WeightAverage {
 public:
  using Scalar = T;
  using Place = D;

  /// Starts from the weights as they are. Throws ContractViolation on a decay outside [0, 1).
  WeightAverage(const State<T, D>& state, double decay);

  /// After each step of the optimiser. Throws ContractViolation while the weights are swapped.
  void update();

  /// Exchanges the network's weights and the averaged ones; a second call takes it back.
  void swap() {
    for (Entry& entry : entries_) std::swap(*entry.current, entry.average);
    swapped_ = !swapped_;
  }

  [[nodiscard]] bool swapped() const { return swapped_; }
  [[nodiscard]] std::int64_t updates() const { return updates_; }

  /// What a checkpoint keeps: "<prefix>.<name>" among the buffers, "<prefix>.updates" among the
  /// counters. An empty prefix adds no dot.
  void collect(const std::string& prefix, State<T, D>& records);

 private:
  struct Entry {
    std::string name;
    Tensor<T, D>* current;  // in the network
    Tensor<T, D> average;
  };

  void follow(const std::string& name, Tensor<T, D>& tensor) {
    entries_.push_back({name, &tensor, tensor});
  }

  double decay_;
  std::vector<Entry> entries_;
  std::int64_t updates_ = 0;
  bool swapped_ = false;
};

/// The averaged weights for one scope.
template <std::floating_point T, Device D = Cpu>
class AveragedScope {
 public:
  explicit AveragedScope(WeightAverage<T, D>& average) : average_(average) { average_.swap(); }
  AveragedScope(const AveragedScope&) = delete;
  AveragedScope& operator=(const AveragedScope&) = delete;
  ~AveragedScope() { average_.swap(); }

 private:
  WeightAverage<T, D>& average_;
};

template <std::floating_point T, Device D>
WeightAverage<T, D>::WeightAverage(const State<T, D>& state, double decay) : decay_(decay) {
  if (!(decay >= 0 && decay < 1)) {
    throw ContractViolation("WeightAverage: decay " + std::to_string(decay) + " is not in [0, 1)");
  }
  for (const auto& [name, parameter] : state.parameters) follow(name, parameter->value);
  for (const auto& [name, tensor] : state.buffers) {
    if (name.ends_with("running_mean") || name.ends_with("running_var")) follow(name, *tensor);
  }
}

template <std::floating_point T, Device D>
void WeightAverage<T, D>::update() {
  if (swapped_) throw ContractViolation("WeightAverage: update() while swapped");
  const auto t = static_cast<double>(updates_);
  const double keep = std::min(decay_, (1 + t) / (10 + t));
  for (Entry& entry : entries_) {
    kernels::scale_and_add(keep, 1 - keep, *entry.current, entry.average);
  }
  ++updates_;
}

template <std::floating_point T, Device D>
void WeightAverage<T, D>::collect(const std::string& prefix, State<T, D>& records) {
  const std::string start = prefix.empty() ? "" : prefix + ".";
  for (Entry& entry : entries_) records.buffers.push_back({start + entry.name, &entry.average});
  records.counters.push_back({start + "updates", &updates_});
}

#ifdef ASYNDGAN_COMPILED
extern template class WeightAverage<float, Cpu>;  // in asyndgan::compiled
#endif

}  // namespace asyndgan::optim
