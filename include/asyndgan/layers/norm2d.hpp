// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/activation.hpp"
#include "asyndgan/layers/batch_norm2d.hpp"
#include "asyndgan/layers/instance_norm2d.hpp"
#include "asyndgan/layers/layer.hpp"

namespace asyndgan::layers {

enum class NormKind { none, batch, instance };

/// "none", "batch" or "instance": the words of a configuration.
[[nodiscard]] inline const char* to_string(NormKind kind) {
  switch (kind) {
    case NormKind::batch:
      return "batch";
    case NormKind::instance:
      return "instance";
    case NormKind::none:
      break;
  }
  return "none";
}

/// A norm chosen at run time and, in the same pass over the data, the leaky rectifier behind it.
/// collect() gives BatchNorm2d's names, or nothing.
template <std::floating_point T, Device D = Cpu>
class Norm2d {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int channels;  // C
    NormKind kind = NormKind::instance;
    double slope = 1;  // of the rectifier, below 0; 1 is none, 0 is ReLU
  };
  /// The one that the kind uses is filled.
  struct Saved {
    typename BatchNorm2d<T, D>::Saved batch;
    typename InstanceNorm2d<T, D>::Saved instance;
    typename LeakyRelu<T, D>::Saved relu;  // without a norm
  };

  /// Throws ContractViolation on a slope outside [0, 1], or no channels.
  explicit Norm2d(const Options& options) : options_(options) {
    if (!(options.slope >= 0 && options.slope <= 1)) {
      throw ContractViolation("Norm2d: slope " + std::to_string(options.slope) +
                              " is not in [0, 1]");
    }
    if (options.kind == NormKind::batch) batch_.emplace(batch_options());
    if (options.kind == NormKind::instance) instance_.emplace(instance_options());
    if (options.kind == NormKind::none && options.slope != 1) relu_.emplace(relu_options());
  }

  [[nodiscard]] Shape output_shape(const Shape& input) const {
    if (batch_) return batch_->output_shape(input);
    if (instance_) return instance_->output_shape(input);
    return input;
  }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& pass = {}) {
    if (batch_) return batch_->forward(std::move(input), saved.batch, pass);
    if (instance_) return instance_->forward(std::move(input), saved.instance, pass);
    if (relu_) return relu_->forward(std::move(input), saved.relu, pass);
    return input;
  }

  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) {
    return backward_of(d_output, saved, wanted);
  }
  /// In the memory of d_output, where there is a norm.
  [[nodiscard]] Tensor<T, D> backward(Tensor<T, D>&& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) {
    return backward_of(std::move(d_output), saved, wanted);
  }

  /// What forward() returned, made again, digit for digit; empty without a norm, which keeps
  /// nothing to make it of.
  [[nodiscard]] Tensor<T, D> output(const Saved& saved) const {
    if (batch_) return batch_->output(saved.batch);
    if (instance_) return instance_->output(saved.instance);
    return {};
  }
  [[nodiscard]] bool can_repeat() const { return batch_ || instance_; }

  void collect(const std::string& prefix, State<T, D>& state) {
    if (batch_) batch_->collect(prefix, state);
  }

  [[nodiscard]] const Options& options() const { return options_; }

 private:
  template <class Gradient>
  [[nodiscard]] Tensor<T, D> backward_of(Gradient&& d_output, const Saved& saved, Wanted wanted) {
    if (batch_) return batch_->backward(std::forward<Gradient>(d_output), saved.batch, wanted);
    if (instance_) {
      return instance_->backward(std::forward<Gradient>(d_output), saved.instance, wanted);
    }
    if (relu_) return relu_->backward(d_output, saved.relu, wanted);
    if (wanted == Wanted::parameters) return {};
    return std::forward<Gradient>(d_output);
  }

  [[nodiscard]] typename BatchNorm2d<T, D>::Options batch_options() const {
    return {.channels = options_.channels, .slope = options_.slope};
  }
  [[nodiscard]] typename InstanceNorm2d<T, D>::Options instance_options() const {
    return {.channels = options_.channels, .slope = options_.slope};
  }
  [[nodiscard]] typename LeakyRelu<T, D>::Options relu_options() const {
    return {.slope = options_.slope};
  }

  Options options_;
  std::optional<BatchNorm2d<T, D>> batch_;
  std::optional<InstanceNorm2d<T, D>> instance_;
  std::optional<LeakyRelu<T, D>> relu_;
};
static_assert(Layer<Norm2d<float, Cpu>>);

}  // namespace asyndgan::layers
