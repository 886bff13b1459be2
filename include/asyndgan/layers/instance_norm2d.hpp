// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>
#include <utility>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/norm.hpp"
#include "asyndgan/layers/layer.hpp"

namespace asyndgan::layers {

/// Gives every plane of every image mean 0 and variance 1; no affine map and no running
/// statistics, so training and evaluation are the same.
///
/// Source  Ulyanov et al. 2016, arXiv:1607.08022.
template <std::floating_point T, Device D = Cpu>
class InstanceNorm2d {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int channels;  // C
    double epsilon = 1e-5;
    double slope = 1;  // of a leaky rectifier behind the norm, below 0; 1 is none
  };
  struct Saved {
    Tensor<T, D> input;              // (N, C, H, W)
    kernels::Moments<T, D> moments;  // (N, C, 1, 1)
  };

  explicit InstanceNorm2d(const Options& options) : options_(options) {
    if (options.channels < 1 || !(options.epsilon > 0)) {
      throw ContractViolation("InstanceNorm2d: " + std::to_string(options.channels) +
                              " channels, epsilon " + std::to_string(options.epsilon));
    }
  }

  /// Throws ShapeError on other than C channels, or planes of a single pixel, which would all
  /// become 0.
  [[nodiscard]] Shape output_shape(const Shape& input) const {
    if (input.c != options_.channels) {
      throw ShapeError("InstanceNorm2d: input " + to_string(input) + " for " +
                       std::to_string(options_.channels) + " channels");
    }
    if (input.plane() < 2) {
      throw ShapeError("InstanceNorm2d: planes of input " + to_string(input) +
                       " need more than one pixel");
    }
    return input;
  }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved,
                                     const Pass& /*pass*/ = {}) const {
    const Shape groups{input.shape().n, input.shape().c, 1, 1};
    saved.moments = {Tensor<T, D>::uninitialized(groups), Tensor<T, D>::uninitialized(groups)};
    auto output = Tensor<T, D>::uninitialized(output_shape(input.shape()));
    kernels::norm_forward(input, kernel_options(), saved.moments, output);
    saved.input = std::move(input);
    return output;
  }

  /// What forward() returned, made again, digit for digit.
  [[nodiscard]] Tensor<T, D> output(const Saved& saved) const {
    auto output = Tensor<T, D>::uninitialized(saved.input.shape());
    kernels::norm_apply(saved.input, kernel_options(), saved.moments, output);
    return output;
  }

  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) const {
    require_shape(d_output.shape(), saved.input.shape(), "InstanceNorm2d: d_output");
    if (wanted == Wanted::parameters) return {};
    auto d_input = Tensor<T, D>::uninitialized(d_output.shape());
    backward_to(d_output, saved, d_input);
    return d_input;
  }
  /// In the memory of d_output.
  [[nodiscard]] Tensor<T, D> backward(Tensor<T, D>&& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) const {
    require_shape(d_output.shape(), saved.input.shape(), "InstanceNorm2d: d_output");
    if (wanted == Wanted::parameters) return {};
    backward_to(d_output, saved, d_output);
    return std::move(d_output);
  }

  void collect(const std::string& /*prefix*/, State<T, D>& /*state*/) const {}

 private:
  void backward_to(const Tensor<T, D>& d_output, const Saved& saved, Tensor<T, D>& d_input) const {
    kernels::norm_backward(d_output, saved.input, kernel_options(), saved.moments,
                           {.d_input = &d_input});
  }

  [[nodiscard]] kernels::NormOptions<T, D> kernel_options() const {
    return {.epsilon = options_.epsilon, .slope = options_.slope};
  }

  Options options_;
};
static_assert(Layer<InstanceNorm2d<float, Cpu>>);

}  // namespace asyndgan::layers
