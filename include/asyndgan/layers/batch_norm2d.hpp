// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/elementwise.hpp"
#include "asyndgan/kernels/norm.hpp"
#include "asyndgan/layers/layer.hpp"

namespace asyndgan::layers {

/// Gives every channel mean 0 and variance 1 over batch and pixels, then an affine map. Names,
/// defaults and running statistics are PyTorch's: the running variance is the unbiased one.
///
/// Source  Ioffe & Szegedy 2015, arXiv:1502.03167.
template <std::floating_point T, Device D = Cpu>
class BatchNorm2d {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int channels;  // C
    double epsilon = 1e-5;
    double momentum = 0.1;  // weight of the newest batch in the running statistics
    double slope = 1;       // of a leaky rectifier behind the norm, below 0; 1 is none
  };
  struct Saved {
    Tensor<T, D> input;              // (N, C, H, W)
    kernels::Moments<T, D> moments;  // (1, C, 1, 1), the batch's or a copy of the running ones
    bool fixed = false;              // the moments were the running ones
    Tensor<T, D> weight;             // (1, C, 1, 1), as it was in the pass: the optimiser may
    Tensor<T, D> bias;               // (1, C, 1, 1)  have moved the layer's before the way back
  };

  explicit BatchNorm2d(const Options& options)
      : options_(options),
        weight_(groups(options), /*rank=*/1),
        bias_(groups(options), /*rank=*/1),
        running_{Tensor<T, D>(groups(options)), Tensor<T, D>(groups(options))} {
    kernels::fill(weight_.value, T(1));
    kernels::fill(running_.variance, T(1));
  }

  /// Throws ShapeError on other than C channels.
  [[nodiscard]] Shape output_shape(const Shape& input) const {
    if (input.c != options_.channels) {
      throw ShapeError("BatchNorm2d: input " + to_string(input) + " for " +
                       std::to_string(options_.channels) + " channels");
    }
    return input;
  }

  /// Throws ShapeError in training if a channel has a single value, which has no variance.
  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& pass = {}) {
    auto output = Tensor<T, D>::uninitialized(output_shape(input.shape()));
    saved.fixed = !pass.training;
    saved.weight = weight_.value;
    saved.bias = bias_.value;
    if (pass.training) {
      const auto pixels = static_cast<std::size_t>(input.shape().n) * input.shape().plane();
      if (pixels < 2) {
        throw ShapeError("BatchNorm2d: training on input " + to_string(input.shape()) +
                         " needs more than one value a channel");
      }
      saved.moments = {Tensor<T, D>::uninitialized(groups(options_)),
                       Tensor<T, D>::uninitialized(groups(options_))};
      kernels::norm_forward(input, kernel_options(saved), saved.moments, output);
      update_running(saved.moments, static_cast<double>(pixels));
    } else {
      saved.moments = running_;
      kernels::norm_apply(input, kernel_options(saved), saved.moments, output);
    }
    saved.input = std::move(input);
    return output;
  }

  /// What forward() returned, made again, digit for digit.
  [[nodiscard]] Tensor<T, D> output(const Saved& saved) const {
    auto output = Tensor<T, D>::uninitialized(saved.input.shape());
    kernels::norm_apply(saved.input, kernel_options(saved), saved.moments, output);
    return output;
  }

  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) {
    Tensor<T, D> d_input;
    if (wanted != Wanted::parameters) d_input = Tensor<T, D>::uninitialized(d_output.shape());
    backward_to(d_output, saved, wanted, d_input);
    return d_input;
  }
  /// In the memory of d_output.
  [[nodiscard]] Tensor<T, D> backward(Tensor<T, D>&& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) {
    backward_to(d_output, saved, wanted, d_output);
    return wanted == Wanted::parameters ? Tensor<T, D>() : std::move(d_output);
  }

  void collect(const std::string& prefix, State<T, D>& state) {
    state.parameters.push_back({prefix + ".weight", &weight_});
    state.parameters.push_back({prefix + ".bias", &bias_});
    state.buffers.push_back({prefix + ".running_mean", &running_.mean});
    state.buffers.push_back({prefix + ".running_var", &running_.variance});
    state.counters.push_back({prefix + ".num_batches_tracked", &batches_});
  }

  [[nodiscard]] Parameter<T, D>& weight() { return weight_; }
  [[nodiscard]] Parameter<T, D>& bias() { return bias_; }

 private:
  [[nodiscard]] static Shape groups(const Options& options) {
    if (options.channels < 1 || !(options.epsilon > 0)) {
      throw ContractViolation("BatchNorm2d: " + std::to_string(options.channels) +
                              " channels, epsilon " + std::to_string(options.epsilon));
    }
    return {1, options.channels, 1, 1};
  }

  void backward_to(const Tensor<T, D>& d_output, const Saved& saved, Wanted wanted,
                   Tensor<T, D>& d_input) {
    require_shape(d_output.shape(), saved.input.shape(), "BatchNorm2d: d_output");
    kernels::NormGradients<T, D> gradients;
    if (wanted != Wanted::parameters) gradients.d_input = &d_input;
    if (wanted != Wanted::input) {
      gradients.d_weight = &weight_.gradient();
      gradients.d_bias = &bias_.gradient();
    }
    const auto run =
        saved.fixed ? kernels::norm_backward_fixed<T, D> : kernels::norm_backward<T, D>;
    run(d_output, saved.input, kernel_options(saved), saved.moments, gradients);
    if (wanted != Wanted::input) {
      weight_.complete_gradient();
      bias_.complete_gradient();
    }
  }

  [[nodiscard]] kernels::NormOptions<T, D> kernel_options(const Saved& saved) const {
    return {.affine = {&saved.weight, &saved.bias},
            .epsilon = options_.epsilon,
            .slope = options_.slope};
  }

  void update_running(const kernels::Moments<T, D>& batch, double pixels) {
    const double keep = 1 - options_.momentum;
    const double unbiased = pixels / (pixels - 1);
    kernels::scale_and_add(keep, options_.momentum, batch.mean, running_.mean);
    kernels::scale_and_add(keep, options_.momentum * unbiased, batch.variance, running_.variance);
    ++batches_;
  }

  Options options_;
  Parameter<T, D> weight_;          // (1, C, 1, 1)
  Parameter<T, D> bias_;            // (1, C, 1, 1)
  kernels::Moments<T, D> running_;  // (1, C, 1, 1)
  std::int64_t batches_ = 0;
};
static_assert(Layer<BatchNorm2d<float, Cpu>>);

}  // namespace asyndgan::layers
