// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/adam.hpp"

namespace asyndgan::optim {

/// Adam, and AdamW with `decoupled`, with PyTorch's arithmetic. Defaults are the papers'.
///
/// Requires  the network of `state` is neither moved nor destroyed while this lives.
template <std::floating_point T, Device D = Cpu>
class Adam {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    double learning_rate = 2e-4;
    double beta1 = 0.5;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    double weight_decay = 0;
    bool decoupled = false;  // decay the weights themselves (AdamW), not through the gradient
  };

  /// Throws ContractViolation on a value with which the step is not defined.
  Adam(State<T, D> state, const Options& options);

  /// Updates every parameter from its grad, which stays as it is. The schedule's factor
  /// multiplies the learning rate.
  ///
  /// Errors  DivergenceError naming the first parameter with a gradient too large to be squared, or
  ///         not a number. Such weights are as before, and the step does not count.
  void step(double rate_factor = 1) {
    step_in([] {}, rate_factor);
  }

  /// The same during `last_pass`, the backward pass that completes the gradients: each parameter as
  /// soon as its own is complete, and the gradient is given back. No more than one layer's are
  /// there at a time, and a gradient is read while it is still in the cache. Where `last_pass`
  /// throws, those whose gradients were complete have moved already, and the step does not count.
  void step_in(const std::function<void()>& last_pass, double rate_factor = 1);

  void zero_gradients();

  /// Steps taken so far.
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] const Options& options() const { return options_; }

  /// What a checkpoint keeps: "<prefix>.<parameter>.exp_avg" and ".exp_avg_sq" (PyTorch's words)
  /// among the buffers, "<prefix>.step" among the counters. An empty prefix adds no dot.
  void collect(const std::string& prefix, State<T, D>& records);

 private:
  /// Running means of the gradient and of its square.
  struct Moments {
    Tensor<T, D> mean;
    Tensor<T, D> square;
  };

  [[nodiscard]] kernels::AdamCoefficients coefficients(double rate_factor) const;

  [[nodiscard]] static const Options& checked(const Options& o) {
    const auto share = [](double beta) { return beta >= 0 && beta < 1; };
    if (!(o.learning_rate >= 0) || !share(o.beta1) || !share(o.beta2) || !(o.epsilon > 0) ||
        !(o.weight_decay >= 0)) {
      throw ContractViolation("Adam: learning rate " + std::to_string(o.learning_rate) +
                              ", betas " + std::to_string(o.beta1) + " and " +
                              std::to_string(o.beta2) + ", epsilon " + std::to_string(o.epsilon) +
                              ", weight decay " + std::to_string(o.weight_decay) +
                              "; expected rate and decay >= 0, betas in [0, 1), epsilon > 0");
    }
    return o;
  }

  Options options_;
  std::vector<typename State<T, D>::NamedParameter> parameters_;
  std::vector<Moments> moments_;
  std::int64_t steps_ = 0;
};

template <std::floating_point T, Device D>
Adam<T, D>::Adam(State<T, D> state, const Options& options)
    : options_(checked(options)), parameters_(std::move(state.parameters)) {
  moments_.reserve(parameters_.size());
  for (const auto& [name, parameter] : parameters_) {
    const Shape& shape = parameter->value.shape();
    moments_.push_back({Tensor<T, D>(shape), Tensor<T, D>(shape)});
  }
}

template <std::floating_point T, Device D>
void Adam<T, D>::step_in(const std::function<void()>& last_pass, double rate_factor) {
  const auto coefficients = this->coefficients(rate_factor);
  std::vector<bool> updated(parameters_.size());
  std::string overflowed;
  const auto update = [&](std::size_t i) {
    auto& [name, parameter] = parameters_[i];
    updated[i] = true;
    if (!kernels::adam_step(coefficients, parameter->gradient(), parameter->value, moments_[i].mean,
                            moments_[i].square) &&
        overflowed.empty()) {
      overflowed = name;
    }
  };
  {
    const GradientWatch<T, D> watch(parameters_, [&](std::size_t i) {
      update(i);
      parameters_[i].parameter->grad = {};
    });
    last_pass();
  }
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (!updated[i]) update(i);
  }
  if (!overflowed.empty()) {
    throw DivergenceError("the gradient of " + overflowed +
                          " is not finite, or too large to be squared");
  }
  ++steps_;
}

template <std::floating_point T, Device D>
kernels::AdamCoefficients Adam<T, D>::coefficients(double rate_factor) const {
  const auto t = static_cast<double>(steps_ + 1);
  const double rate = options_.learning_rate * rate_factor;
  const double decay = options_.weight_decay;
  return {.beta1 = options_.beta1,
          .beta2 = options_.beta2,
          .step_size = rate / (1 - std::pow(options_.beta1, t)),
          .root_scale = 1 / std::sqrt(1 - std::pow(options_.beta2, t)),
          .epsilon = options_.epsilon,
          .gradient_decay = options_.decoupled ? 0 : decay,
          .value_factor = options_.decoupled ? 1 - rate * decay : 1};
}

template <std::floating_point T, Device D>
void Adam<T, D>::zero_gradients() {
  for (auto& [name, parameter] : parameters_) parameter->grad.zero();
}

template <std::floating_point T, Device D>
void Adam<T, D>::collect(const std::string& prefix, State<T, D>& records) {
  const std::string start = prefix.empty() ? "" : prefix + ".";
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string name = start + parameters_[i].name;
    records.buffers.push_back({name + ".exp_avg", &moments_[i].mean});
    records.buffers.push_back({name + ".exp_avg_sq", &moments_[i].square});
  }
  records.counters.push_back({start + "step", &steps_});
}

#ifdef ASYNDGAN_COMPILED
extern template class Adam<float, Cpu>;  // in asyndgan::compiled
#endif

}  // namespace asyndgan::optim
