// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/conv2d.hpp"
#include "asyndgan/networks/blocks.hpp"
#include "asyndgan/networks/network.hpp"

namespace asyndgan::networks {

/// The papers' discriminator: one logit for each patch of the image, 70 x 70 pixels large with
/// 3 layers. Parameter names are those of the public PyTorch networks ("model.0.weight").
///
/// Shapes  (N, Y + C, H, W) -> (N, 1, H', W'): `layers` convolutions of stride 2, then two of
///         stride 1, all 4 x 4 with padding 1. 256 -> 30 with 3 layers.
/// Source  Isola et al. 2017, arXiv:1611.07004, 6.1.2.
template <std::floating_point T, Device D = Cpu>
class PatchDiscriminator {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int in_channels;         // Y + C, condition and image
    int base_channels = 64;  // of the first convolution; doubled by each further, up to 8 times
    int layers = 3;          // halvings of the size
    NormKind norm = NormKind::instance;
    bool spectral_norm = false;  // of every convolution, for the hinge loss
  };

 private:
  using Block = ConvNormRelu<layers::Conv2d<T, D>>;

 public:
  struct Saved {
    std::vector<typename Block::Saved> blocks;
    typename layers::Conv2d<T, D>::Saved last;
  };

  /// Throws ContractViolation on options that make no network.
  explicit PatchDiscriminator(const Options& options);

  /// Pixels per side of the patch that a logit sees: 70 with 3 layers.
  [[nodiscard]] static int receptive_field(int layers) {
    int field = 1;
    for (int i = layers + 1; i >= 0; --i) field = (field - 1) * stride(i, layers) + kKernel;
    return field;
  }
  /// Smallest side of an image that gives a logit: 24 with 3 layers.
  [[nodiscard]] static int minimum_side(int layers) {
    int side = 1;
    for (int i = layers + 1; i >= 0; --i) side = (side - 1) * stride(i, layers) + kKernel - 2;
    return side;
  }
  [[nodiscard]] int receptive_field() const { return receptive_field(options_.layers); }

  /// Throws ShapeError on other than Y + C channels or an image too small for one logit.
  [[nodiscard]] Shape output_shape(const Shape& input) const;

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& pass = {});

  /// The rectified output of every convolution but the last: `layers` + 1 of them.
  [[nodiscard]] Features<T, D> features(const Saved& saved) const;

  Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                        Wanted wanted = Wanted::all, std::span<const Tensor<T, D>> d_features = {});

  void collect(const std::string& prefix, State<T, D>& state);

  [[nodiscard]] const Options& options() const { return options_; }

  /// "PatchDiscriminator 6, base 64, 3 layers, norm instance", and "spectral norm" where used.
  [[nodiscard]] std::string describe() const;

 private:
  static constexpr int kKernel = 4;
  static constexpr double kSlope = 0.2;
  static constexpr int kMaximumLayers = 8;  // sees 2302 pixels

  [[nodiscard]] static const Options& checked(const Options& options) {
    detail::require_positive(options.in_channels, "PatchDiscriminator: in_channels");
    detail::require_positive(options.base_channels, "PatchDiscriminator: base_channels");
    detail::require_positive(options.layers, "PatchDiscriminator: layers");
    if (options.layers > kMaximumLayers) {
      throw ContractViolation("PatchDiscriminator: layers is " + std::to_string(options.layers) +
                              ", expected at most " + std::to_string(kMaximumLayers));
    }
    return options;
  }

  /// Of convolution `i` of layers + 2.
  [[nodiscard]] static int stride(int i, int layers) { return i < layers ? 2 : 1; }

  [[nodiscard]] typename layers::Conv2d<T, D>::Options convolution(int i, NormKind norm) const {
    const auto width = [this](int j) { return options_.base_channels * std::min(1 << j, 8); };
    return {.in_channels = i == 0 ? options_.in_channels : width(i - 1),
            .out_channels = i > options_.layers ? 1 : width(i),
            .kernel = kKernel,
            .stride = stride(i, options_.layers),
            .padding = 1,
            .bias = detail::needs_bias(norm),
            .spectral_norm = options_.spectral_norm};
  }

  Options options_;
  std::vector<Block> blocks_;
  layers::Conv2d<T, D> last_;
};
static_assert(Discriminator<PatchDiscriminator<float, Cpu>>);

template <std::floating_point T, Device D>
PatchDiscriminator<T, D>::PatchDiscriminator(const Options& options)
    : options_(checked(options)), last_(convolution(options.layers + 1, NormKind::none)) {
  blocks_.emplace_back(typename Block::Options{
      .convolution = convolution(0, NormKind::none), .norm = NormKind::none, .slope = kSlope});
  for (int i = 1; i <= options.layers; ++i) {
    blocks_.emplace_back(typename Block::Options{
        .convolution = convolution(i, options.norm), .norm = options.norm, .slope = kSlope});
  }
}

template <std::floating_point T, Device D>
Shape PatchDiscriminator<T, D>::output_shape(const Shape& input) const {
  const int minimum = minimum_side(options_.layers);
  if (input.c != options_.in_channels || input.h < minimum || input.w < minimum) {
    throw ShapeError("PatchDiscriminator: input " + to_string(input) + ", expected " +
                     std::to_string(options_.in_channels) + " channels and sides of at least " +
                     std::to_string(minimum) + " pixels, better the receptive field of " +
                     std::to_string(receptive_field()) + "; fewer layers need less");
  }
  Shape shape = input;
  for (const auto& block : blocks_) shape = block.output_shape(shape);
  return last_.output_shape(shape);
}

template <std::floating_point T, Device D>
Tensor<T, D> PatchDiscriminator<T, D>::forward(Tensor<T, D> input, Saved& saved, const Pass& pass) {
  (void)output_shape(input.shape());
  saved.blocks.resize(blocks_.size());
  Tensor<T, D> x = std::move(input);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    x = blocks_[i].forward(std::move(x), saved.blocks[i], pass);
  }
  return last_.forward(std::move(x), saved.last, pass);
}

template <std::floating_point T, Device D>
Features<T, D> PatchDiscriminator<T, D>::features(const Saved& saved) const {
  Features<T, D> features;
  for (std::size_t i = 1; i < saved.blocks.size(); ++i) {
    features.push_back(&saved.blocks[i].convolution.input);
  }
  features.push_back(&saved.last.input);
  return features;
}

template <std::floating_point T, Device D>
Tensor<T, D> PatchDiscriminator<T, D>::backward(const Tensor<T, D>& d_output, const Saved& saved,
                                                Wanted wanted,
                                                std::span<const Tensor<T, D>> d_features) {
  detail::require_feature_count(d_features.size(), blocks_.size(), "PatchDiscriminator");
  const Wanted behind = detail::behind_first(wanted);
  Tensor<T, D> d;
  if (!d_output.empty()) d = last_.backward(d_output, saved.last, behind);
  for (std::size_t i = blocks_.size(); i-- > 0;) {
    d = detail::with_feature_gradient(std::move(d), i, d_features);
    if (d.empty()) continue;
    d = blocks_[i].backward(std::move(d), saved.blocks[i], i == 0 ? wanted : behind);
  }
  return d;
}

template <std::floating_point T, Device D>
void PatchDiscriminator<T, D>::collect(const std::string& prefix, State<T, D>& state) {
  const std::string name = detail::join(prefix, "model");
  int entry = 0;
  for (auto& block : blocks_) {
    block.collect(name, entry, state);
    entry += entry == 0 ? 2 : 3;  // the first has no norm
  }
  last_.collect(detail::join(name, entry), state);
}

template <std::floating_point T, Device D>
std::string PatchDiscriminator<T, D>::describe() const {
  return "PatchDiscriminator " + std::to_string(options_.in_channels) + ", base " +
         std::to_string(options_.base_channels) + ", " + std::to_string(options_.layers) +
         " layers, norm " + layers::to_string(options_.norm) +
         (options_.spectral_norm ? ", spectral norm" : "");
}

#ifdef ASYNDGAN_COMPILED
extern template class PatchDiscriminator<float, Cpu>;  // in asyndgan::compiled
#endif

}  // namespace asyndgan::networks
