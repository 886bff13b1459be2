// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/conv_transpose2d.hpp"
#include "asyndgan/layers/layer.hpp"

namespace asyndgan::layers {

/// Transposed 2-D convolution, the usual way up in a generator; see
/// kernels::conv_transpose2d_forward. Defaults and names are PyTorch's.
///
/// Parameters start at 0; layers/initialize.hpp fills a network's.
///
/// Shapes  input (N, F, H, W), weight (F, C, K, K), output (N, C, H', W') with
///         H' = (H - 1)*stride - 2*padding + K + output_padding, and W' likewise.
template <std::floating_point T, Device D = Cpu>
class ConvTranspose2d {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int in_channels;         // F
    int out_channels;        // C
    int kernel = 3;          // K, taps per side
    int stride = 1;          // pixels
    int padding = 0;         // pixels cut off on every side
    int output_padding = 0;  // pixels added below and on the right, less than stride
    bool bias = true;
  };

  struct Saved {
    Tensor<T, D> input;  // (N, F, H, W)
  };

  /// Throws ContractViolation on options that make no convolution.
  explicit ConvTranspose2d(const Options& options)
      : options_(checked(options)),
        weight_({options.in_channels, options.out_channels, options.kernel, options.kernel}),
        bias_({1, options.bias ? options.out_channels : 0, 1, 1}, /*rank=*/1) {}

  /// Throws ShapeError if `input` has other than F channels or nothing is left of it.
  [[nodiscard]] Shape output_shape(const Shape& input) const {
    if (input.c != options_.in_channels) {
      throw ShapeError("ConvTranspose2d: input " + to_string(input) + " does not fit weight " +
                       to_string(weight_.value.shape()));
    }
    return kernels::conv_transpose2d_shape(input, options_.out_channels, geometry(),
                                           options_.output_padding);
  }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& = {}) {
    auto output = Tensor<T, D>::uninitialized(output_shape(input.shape()));
    kernels::conv_transpose2d_forward(input, weight_.value, bias_.value, geometry(), output);
    saved.input = std::move(input);
    return output;
  }

  /// `again` as Conv2d's.
  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all, Tensor<T, D> again = {}) {
    const Tensor<T, D>& input = again.empty() ? saved.input : again;
    const Shape shape = input.shape();
    require_shape(d_output.shape(), output_shape(shape), "ConvTranspose2d: d_output");
    if (wanted != Wanted::input) {
      if (options_.bias) kernels::conv2d_backward_bias(d_output, bias_.gradient());
      kernels::conv_transpose2d_backward_weight(input, d_output, geometry(), weight_.gradient());
    }
    again = {};
    Tensor<T, D> d_input;
    if (wanted != Wanted::parameters) {
      d_input = Tensor<T, D>::uninitialized(shape);
      kernels::conv_transpose2d_backward_input(d_output, weight_.value, geometry(), d_input);
    }
    if (wanted != Wanted::input) {
      weight_.complete_gradient();
      bias_.complete_gradient();
    }
    return d_input;
  }

  void collect(const std::string& prefix, State<T, D>& state) {
    state.parameters.push_back({prefix + ".weight", &weight_});
    if (options_.bias) state.parameters.push_back({prefix + ".bias", &bias_});
  }

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Parameter<T, D>& weight() { return weight_; }
  [[nodiscard]] Parameter<T, D>& bias() { return bias_; }  // empty without the option

 private:
  [[nodiscard]] static const Options& checked(const Options& options) {
    if (options.in_channels < 1 || options.out_channels < 1 || options.output_padding < 0 ||
        options.output_padding >= options.stride) {
      throw ContractViolation("ConvTranspose2d: " + std::to_string(options.in_channels) + " to " +
                              std::to_string(options.out_channels) + " channels, stride " +
                              std::to_string(options.stride) + ", output padding " +
                              std::to_string(options.output_padding) +
                              "; output padding must be less than stride");
    }
    kernels::require_valid(geometry(options), "ConvTranspose2d");
    return options;
  }

  [[nodiscard]] static kernels::ConvGeometry geometry(const Options& options) {
    return {.kernel = options.kernel, .stride = options.stride, .padding = options.padding};
  }
  [[nodiscard]] kernels::ConvGeometry geometry() const { return geometry(options_); }

  Options options_;
  Parameter<T, D> weight_;  // (F, C, K, K)
  Parameter<T, D> bias_;    // (1, C, 1, 1)
};
static_assert(Layer<ConvTranspose2d<float, Cpu>>);

}  // namespace asyndgan::layers
