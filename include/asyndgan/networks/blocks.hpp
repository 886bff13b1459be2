// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/elementwise.hpp"
#include "asyndgan/layers/conv2d.hpp"
#include "asyndgan/layers/dropout.hpp"
#include "asyndgan/layers/layer.hpp"
#include "asyndgan/layers/norm2d.hpp"

/// What the networks are made of.
namespace asyndgan::networks {

using layers::NormKind;
using layers::Pass;
using layers::Wanted;

namespace detail {

/// "prefix.name", or "name" at the root.
[[nodiscard]] inline std::string join(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}
[[nodiscard]] inline std::string join(const std::string& prefix, int index) {
  return join(prefix, std::to_string(index));
}

/// What layers behind the first one must compute: the first one needs their dL/dinput.
[[nodiscard]] inline Wanted behind_first(Wanted wanted) {
  // Not "parameters ? all : wanted": GCC 12 with -O3 took that and `first ? wanted : behind` for
  // one value (its pass ssa-phiopt), and a first layer computed what nobody wanted.
  return wanted == Wanted::input ? Wanted::input : Wanted::all;
}

/// A bias in front of a batch norm would be taken away by its mean, so PyTorch's public
/// networks have one only without it.
[[nodiscard]] inline bool needs_bias(NormKind norm) { return norm != NormKind::batch; }

/// "0.5": the shortest of six digits, the same on every machine.
[[nodiscard]] inline std::string number(double value) {
  char text[32];
  const int length = std::snprintf(text, sizeof text, "%g", value);
  return {text, static_cast<std::size_t>(length)};
}

inline void require_positive(int value, const char* what) {
  if (value < 1) {
    throw ContractViolation(std::string(what) + " is " + std::to_string(value) +
                            ", expected at least 1");
  }
}

/// d_output plus the gradient that enters at the same place from a feature loss, if any. An
/// empty tensor is no gradient.
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> with_feature_gradient(Tensor<T, D> d_output, std::size_t index,
                                                 std::span<const Tensor<T, D>> d_features) {
  if (d_features.empty() || d_features[index].empty()) return d_output;
  if (d_output.empty()) return d_features[index];
  return kernels::add(std::move(d_output), d_features[index]);
}

inline void require_feature_count(std::size_t gradients, std::size_t features, const char* who) {
  if (gradients != 0 && gradients != features) {
    throw ShapeError(std::string(who) + ": " + std::to_string(gradients) + " gradients for " +
                     std::to_string(features) + " features");
  }
}

}  // namespace detail

/// Convolution (plain or transposed), norm, leaky rectifier: in a PyTorch Sequential three
/// entries, of which the norm's is there even if it does nothing.
template <class Convolution>
class ConvNormRelu {
 public:
  using Scalar = typename Convolution::Scalar;
  using Place = typename Convolution::Place;
  using Image = Tensor<Scalar, Place>;

  struct Options {
    typename Convolution::Options convolution;
    NormKind norm = NormKind::none;
    double slope = 0;  // of the rectifier below 0; 0 is ReLU, 1 none
  };
  struct Saved {
    typename Convolution::Saved convolution;
    typename layers::Norm2d<Scalar, Place>::Saved norm;
  };

  explicit ConvNormRelu(const Options& options)
      : convolution_(options.convolution),
        norm_({.channels = options.convolution.out_channels,
               .kind = options.norm,
               .slope = options.slope}) {}

  [[nodiscard]] Shape output_shape(const Shape& input) const {
    return norm_.output_shape(convolution_.output_shape(input));
  }

  [[nodiscard]] Image forward(Image input, Saved& saved, const Pass& pass = {}) {
    Image x = convolution_.forward(std::move(input), saved.convolution, pass);
    return norm_.forward(std::move(x), saved.norm, pass);
  }

  [[nodiscard]] Image backward(Image d_output, const Saved& saved, Wanted wanted = Wanted::all) {
    return backward(std::move(d_output), saved, wanted, [] { return Image(); });
  }
  /// again() makes the input again, where it was taken out of `saved`.
  template <std::invocable Again>
  [[nodiscard]] Image backward(Image d_output, const Saved& saved, Wanted wanted,
                               const Again& again) {
    const Image d = norm_.backward(std::move(d_output), saved.norm, detail::behind_first(wanted));
    d_output = {};  // where the norm did not take it
    return convolution_.backward(d, saved.convolution, wanted, again());
  }

  /// What a norm made need not be kept for the convolution behind it: give_up() takes it out of
  /// what that one saved, if output() can make it again.
  template <class NextSaved>
  void give_up(NextSaved& next) const {
    if (norm_.can_repeat() && !next.input.empty()) next.input = {};
  }
  [[nodiscard]] Image output(const Saved& saved) const { return norm_.output(saved.norm); }

  /// The convolution is entry `index` of the Sequential `prefix`, the norm the next.
  void collect(const std::string& prefix, int index, State<Scalar, Place>& state) {
    convolution_.collect(detail::join(prefix, index), state);
    norm_.collect(detail::join(prefix, index + 1), state);
  }
  void collect(const std::string& prefix, State<Scalar, Place>& state) {
    collect(prefix, 0, state);
  }

 private:
  Convolution convolution_;
  layers::Norm2d<Scalar, Place> norm_;  // and the rectifier
};
static_assert(layers::Layer<ConvNormRelu<layers::Conv2d<float>>>);

/// x + f(x) with f = convolution, norm, ReLU, dropout, convolution, norm; 3 x 3, reflected at
/// the border. Nothing rectifies the sum.
/// Source  He et al. 2016, arXiv:1512.03385, without the last ReLU: Gross & Wilber 2016.
template <std::floating_point T, Device D = Cpu>
class ResidualBlock {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int channels;  // C, in and out
    NormKind norm = NormKind::instance;
    double dropout = 0;     // probability; 0 is no dropout layer at all
    int dropout_index = 0;  // of the network's dropout layers
  };
  struct Saved {
    typename ConvNormRelu<layers::Conv2d<T, D>>::Saved first;
    typename layers::Dropout<T, D>::Saved dropout;
    typename layers::Conv2d<T, D>::Saved second;
    typename layers::Norm2d<T, D>::Saved norm;
  };

  explicit ResidualBlock(const Options& options)
      : first_({.convolution = convolution(options), .norm = options.norm}),
        second_(convolution(options)),
        norm_({.channels = options.channels, .kind = options.norm}) {
    if (options.dropout > 0) {
      dropout_.emplace(typename layers::Dropout<T, D>::Options{.probability = options.dropout,
                                                               .index = options.dropout_index});
    }
  }

  [[nodiscard]] Shape output_shape(const Shape& input) const {
    return norm_.output_shape(second_.output_shape(first_.output_shape(input)));
  }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& pass = {}) {
    Tensor<T, D> x = first_.forward(std::move(input), saved.first, pass);
    if (dropout_) x = dropout_->forward(std::move(x), saved.dropout, pass);
    x = second_.forward(std::move(x), saved.second, pass);
    first_.give_up(saved.second);
    x = norm_.forward(std::move(x), saved.norm, pass);
    return kernels::add(std::move(x), saved.first.convolution.input);
  }

  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) {
    return backward(d_output, saved, wanted, [] { return Tensor<T, D>(); });
  }
  /// `again` as ConvNormRelu's.
  template <std::invocable Again>
  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted, const Again& again) {
    const Wanted behind = detail::behind_first(wanted);
    Tensor<T, D> d = norm_.backward(d_output, saved.norm, behind);
    d = second_.backward(d, saved.second, behind, between(saved));
    if (dropout_) d = dropout_->backward(d, saved.dropout, behind);
    d = first_.backward(std::move(d), saved.first, wanted, again);
    return wanted == Wanted::parameters ? std::move(d) : kernels::add(std::move(d), d_output);
  }

  /// PyTorch's "conv_block": pad, conv, norm, relu, [dropout], pad, conv, norm. A dropout layer
  /// moves the second convolution from entry 5 to 6.
  void collect(const std::string& prefix, State<T, D>& state) {
    const int second = dropout_ ? 6 : 5;
    const std::string name = detail::join(prefix, "conv_block");
    first_.collect(name, 1, state);
    second_.collect(detail::join(name, second), state);
    norm_.collect(detail::join(name, second + 1), state);
  }

 private:
  /// The input of the second convolution, made again, or empty where it was kept.
  [[nodiscard]] Tensor<T, D> between(const Saved& saved) const {
    Tensor<T, D> x = first_.output(saved.first);
    if (x.empty() || !dropout_) return x;
    return dropout_->backward(x, saved.dropout);  // is linear, and so the way there as well
  }

  [[nodiscard]] static typename layers::Conv2d<T, D>::Options convolution(const Options& options) {
    return {.in_channels = options.channels,
            .out_channels = options.channels,
            .kernel = 3,
            .padding = 1,
            .padding_mode = kernels::PaddingMode::reflect,
            .bias = detail::needs_bias(options.norm)};
  }

  ConvNormRelu<layers::Conv2d<T, D>> first_;
  std::optional<layers::Dropout<T, D>> dropout_;
  layers::Conv2d<T, D> second_;
  layers::Norm2d<T, D> norm_;
};
static_assert(layers::Layer<ResidualBlock<float, Cpu>>);

}  // namespace asyndgan::networks
