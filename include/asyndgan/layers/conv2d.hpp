// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/conv2d.hpp"
#include "asyndgan/layers/layer.hpp"
#include "asyndgan/layers/spectral_norm.hpp"

namespace asyndgan::layers {

/// 2-D cross-correlation, see kernels::conv2d_forward. Defaults are PyTorch's; so are the names
/// that collect() gives: weight and bias, or bias, weight_orig, weight_u and weight_v.
///
/// Parameters start at 0; layers/initialize.hpp fills a network's.
///
/// Shapes  input (N, C, H, W), weight (F, C, K, K), output (N, F, H', W') with
///         H' = (H + 2*padding - dilation*(K - 1) - 1) / stride + 1, and W' likewise.
template <std::floating_point T, Device D = Cpu>
class Conv2d {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int in_channels;   // C
    int out_channels;  // F
    int kernel = 3;    // K, taps per side
    int stride = 1;    // pixels
    int padding = 0;   // pixels on every side
    kernels::PaddingMode padding_mode = kernels::PaddingMode::zero;
    int dilation = 1;  // pixels between taps
    bool bias = true;
    bool spectral_norm = false;  // divide the weight by its largest singular value
  };

  struct Saved {
    Tensor<T, D> input;                         // (N, C, H, W)
    typename SpectralNorm<T, D>::Saved normal;  // filled under the option spectral_norm
  };

  /// Throws ContractViolation on options that make no convolution.
  explicit Conv2d(const Options& options)
      : options_(checked(options)),
        weight_({options.out_channels, options.in_channels, options.kernel, options.kernel}),
        bias_({1, options.bias ? options.out_channels : 0, 1, 1}, /*rank=*/1) {
    if (options.spectral_norm) spectral_norm_.emplace(weight_.value.shape());
  }

  /// Throws ShapeError if `input` has other than C channels or is smaller than the window.
  [[nodiscard]] Shape output_shape(const Shape& input) const {
    if (input.c != options_.in_channels) {
      throw ShapeError("Conv2d: input " + to_string(input) + " does not fit weight " +
                       to_string(weight_.value.shape()));
    }
    return kernels::conv2d_shape(input, options_.out_channels, geometry());
  }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& pass = {}) {
    auto output = Tensor<T, D>::uninitialized(output_shape(input.shape()));
    if (spectral_norm_) spectral_norm_->normalize(weight_.value, pass.training, saved.normal);
    kernels::conv2d_forward(input, used_weight(saved), bias_.value, geometry(), output);
    saved.input = std::move(input);
    return output;
  }

  /// `again` is the input, made again, where it was taken out of `saved`; it goes before dL/dinput
  /// is made.
  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all, Tensor<T, D> again = {}) {
    const Tensor<T, D>& input = again.empty() ? saved.input : again;
    const Shape shape = input.shape();
    require_shape(d_output.shape(), output_shape(shape), "Conv2d: d_output");
    if (wanted != Wanted::input) add_parameter_gradients(d_output, input, saved);
    again = {};
    Tensor<T, D> d_input;
    if (wanted != Wanted::parameters) {
      d_input = Tensor<T, D>::uninitialized(shape);
      kernels::conv2d_backward_input(d_output, used_weight(saved), geometry(), d_input);
    }
    if (wanted != Wanted::input) {
      weight_.complete_gradient();
      bias_.complete_gradient();
    }
    return d_input;
  }

  void collect(const std::string& prefix, State<T, D>& state) {
    const std::string name = prefix + ".weight";
    state.parameters.push_back({spectral_norm_ ? name + "_orig" : name, &weight_});
    if (options_.bias) state.parameters.push_back({prefix + ".bias", &bias_});
    if (spectral_norm_) spectral_norm_->collect(name, state);
  }

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Parameter<T, D>& weight() { return weight_; }
  [[nodiscard]] Parameter<T, D>& bias() { return bias_; }  // empty without the option

 private:
  [[nodiscard]] static const Options& checked(const Options& options) {
    if (options.in_channels < 1 || options.out_channels < 1) {
      throw ContractViolation("Conv2d: " + std::to_string(options.in_channels) + " to " +
                              std::to_string(options.out_channels) + " channels");
    }
    kernels::require_valid(geometry(options), "Conv2d");
    return options;
  }

  [[nodiscard]] static kernels::ConvGeometry geometry(const Options& options) {
    return {options.kernel, options.stride, options.padding, options.dilation,
            options.padding_mode};
  }
  [[nodiscard]] kernels::ConvGeometry geometry() const { return geometry(options_); }

  [[nodiscard]] const Tensor<T, D>& used_weight(const Saved& saved) const {
    return spectral_norm_ ? saved.normal.weight : weight_.value;
  }

  void add_parameter_gradients(const Tensor<T, D>& d_output, const Tensor<T, D>& input,
                               const Saved& saved) {
    if (options_.bias) kernels::conv2d_backward_bias(d_output, bias_.gradient());
    if (!spectral_norm_) {
      kernels::conv2d_backward_weight(input, d_output, geometry(), weight_.gradient());
      return;
    }
    Tensor<T, D> d_normalized(weight_.value.shape());
    kernels::conv2d_backward_weight(input, d_output, geometry(), d_normalized);
    SpectralNorm<T, D>::backward(d_normalized, saved.normal, weight_.gradient());
  }

  Options options_;
  Parameter<T, D> weight_;  // (F, C, K, K)
  Parameter<T, D> bias_;    // (1, F, 1, 1)
  std::optional<SpectralNorm<T, D>> spectral_norm_;
};
static_assert(Layer<Conv2d<float, Cpu>>);

}  // namespace asyndgan::layers
