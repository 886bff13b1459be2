// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <utility>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
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

/// A norm chosen at run time. collect() gives BatchNorm2d's names, or nothing.
template <std::floating_point T, Device D = Cpu>
class Norm2d {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int channels;  // C
    NormKind kind = NormKind::instance;
  };
  /// Of the two, the one that the kind uses is filled.
  struct Saved {
    typename BatchNorm2d<T, D>::Saved batch;
    typename InstanceNorm2d<T, D>::Saved instance;
  };

  explicit Norm2d(const Options& options) : options_(options) {
    if (options.kind == NormKind::batch) batch_.emplace(batch_options());
    if (options.kind == NormKind::instance) instance_.emplace(instance_options());
  }

  [[nodiscard]] Shape output_shape(const Shape& input) const {
    if (batch_) return batch_->output_shape(input);
    if (instance_) return instance_->output_shape(input);
    return input;
  }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& pass = {}) {
    if (batch_) return batch_->forward(std::move(input), saved.batch, pass);
    if (instance_) return instance_->forward(std::move(input), saved.instance, pass);
    return input;
  }

  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) {
    if (batch_) return batch_->backward(d_output, saved.batch, wanted);
    if (instance_) return instance_->backward(d_output, saved.instance, wanted);
    if (wanted == Wanted::parameters) return {};
    return d_output;
  }

  void collect(const std::string& prefix, State<T, D>& state) {
    if (batch_) batch_->collect(prefix, state);
  }

  [[nodiscard]] const Options& options() const { return options_; }

 private:
  [[nodiscard]] typename BatchNorm2d<T, D>::Options batch_options() const {
    return {.channels = options_.channels};
  }
  [[nodiscard]] typename InstanceNorm2d<T, D>::Options instance_options() const {
    return {.channels = options_.channels};
  }

  Options options_;
  std::optional<BatchNorm2d<T, D>> batch_;
  std::optional<InstanceNorm2d<T, D>> instance_;
};
static_assert(Layer<Norm2d<float, Cpu>>);

}  // namespace asyndgan::layers
