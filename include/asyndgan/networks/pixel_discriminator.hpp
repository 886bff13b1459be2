// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/conv2d.hpp"
#include "asyndgan/networks/blocks.hpp"
#include "asyndgan/networks/network.hpp"

namespace asyndgan::networks {

/// Judges every pixel for itself: 1 x 1 convolutions. Parameter names are those of the public
/// PyTorch networks ("net.0.weight").
///
/// Shapes  (N, Y + C, H, W) -> (N, 1, H, W).
/// Source  Isola et al. 2017, arXiv:1611.07004, 6.1.2, "1 x 1 discriminator".
template <std::floating_point T, Device D = Cpu>
class PixelDiscriminator {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int in_channels;         // Y + C, condition and image
    int base_channels = 64;  // of the first convolution; the second has twice as many
    NormKind norm = NormKind::instance;
    bool spectral_norm = false;  // of every convolution, for the hinge loss
  };

 private:
  using Block = ConvNormRelu<layers::Conv2d<T, D>>;

 public:
  struct Saved {
    typename Block::Saved first;
    typename Block::Saved second;
    typename layers::Conv2d<T, D>::Saved last;
  };

  /// Throws ContractViolation on options that make no network.
  explicit PixelDiscriminator(const Options& options);

  [[nodiscard]] static int receptive_field() { return 1; }

  /// Throws ShapeError on other than Y + C channels or an empty image.
  [[nodiscard]] Shape output_shape(const Shape& input) const;

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& pass = {});

  /// The rectified outputs of the first two convolutions.
  [[nodiscard]] Features<T, D> features(const Saved& saved) const;

  Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                        Wanted wanted = Wanted::all, std::span<const Tensor<T, D>> d_features = {});

  void collect(const std::string& prefix, State<T, D>& state);

  [[nodiscard]] const Options& options() const { return options_; }

  /// "PixelDiscriminator 6, base 64, norm instance", and "spectral norm" where used.
  [[nodiscard]] std::string describe() const;

 private:
  static constexpr double kSlope = 0.2;

  [[nodiscard]] static const Options& checked(const Options& options) {
    detail::require_positive(options.in_channels, "PixelDiscriminator: in_channels");
    detail::require_positive(options.base_channels, "PixelDiscriminator: base_channels");
    return options;
  }

  [[nodiscard]] typename layers::Conv2d<T, D>::Options convolution(int in, int out,
                                                                   bool bias) const {
    return {.in_channels = in,
            .out_channels = out,
            .kernel = 1,
            .bias = bias,
            .spectral_norm = options_.spectral_norm};
  }

  Options options_;
  Block first_;
  Block second_;
  layers::Conv2d<T, D> last_;
};
static_assert(Discriminator<PixelDiscriminator<float, Cpu>>);

template <std::floating_point T, Device D>
PixelDiscriminator<T, D>::PixelDiscriminator(const Options& options)
    : options_(checked(options)),
      first_({.convolution = convolution(options.in_channels, options.base_channels, true),
              .norm = NormKind::none,
              .slope = kSlope}),
      second_({.convolution = convolution(options.base_channels, 2 * options.base_channels,
                                          detail::needs_bias(options.norm)),
               .norm = options.norm,
               .slope = kSlope}),
      last_(convolution(2 * options.base_channels, 1, detail::needs_bias(options.norm))) {}

template <std::floating_point T, Device D>
Shape PixelDiscriminator<T, D>::output_shape(const Shape& input) const {
  if (input.c != options_.in_channels || input.plane() == 0) {
    throw ShapeError("PixelDiscriminator: input " + to_string(input) + ", expected " +
                     std::to_string(options_.in_channels) + " channels and at least a pixel");
  }
  return last_.output_shape(second_.output_shape(first_.output_shape(input)));
}

template <std::floating_point T, Device D>
Tensor<T, D> PixelDiscriminator<T, D>::forward(Tensor<T, D> input, Saved& saved, const Pass& pass) {
  (void)output_shape(input.shape());
  Tensor<T, D> x = first_.forward(std::move(input), saved.first, pass);
  x = second_.forward(std::move(x), saved.second, pass);
  return last_.forward(std::move(x), saved.last, pass);
}

template <std::floating_point T, Device D>
Features<T, D> PixelDiscriminator<T, D>::features(const Saved& saved) const {
  return {&saved.second.convolution.input, &saved.last.input};
}

template <std::floating_point T, Device D>
Tensor<T, D> PixelDiscriminator<T, D>::backward(const Tensor<T, D>& d_output, const Saved& saved,
                                                Wanted wanted,
                                                std::span<const Tensor<T, D>> d_features) {
  detail::require_feature_count(d_features.size(), 2, "PixelDiscriminator");
  const Wanted behind = detail::behind_first(wanted);
  Tensor<T, D> d;
  if (!d_output.empty()) d = last_.backward(d_output, saved.last, behind);
  d = detail::with_feature_gradient(std::move(d), 1, d_features);
  if (!d.empty()) d = second_.backward(std::move(d), saved.second, behind);
  d = detail::with_feature_gradient(std::move(d), 0, d_features);
  if (!d.empty()) d = first_.backward(std::move(d), saved.first, wanted);
  return d;
}

template <std::floating_point T, Device D>
void PixelDiscriminator<T, D>::collect(const std::string& prefix, State<T, D>& state) {
  const std::string name = detail::join(prefix, "net");
  first_.collect(name, 0, state);
  second_.collect(name, 2, state);
  last_.collect(detail::join(name, 5), state);
}

template <std::floating_point T, Device D>
std::string PixelDiscriminator<T, D>::describe() const {
  return "PixelDiscriminator " + std::to_string(options_.in_channels) + ", base " +
         std::to_string(options_.base_channels) + ", norm " + layers::to_string(options_.norm) +
         (options_.spectral_norm ? ", spectral norm" : "");
}

#ifdef ASYNDGAN_COMPILED
extern template class PixelDiscriminator<float, Cpu>;  // in asyndgan::compiled
#endif

}  // namespace asyndgan::networks
