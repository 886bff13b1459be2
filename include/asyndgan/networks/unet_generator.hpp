// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/concat.hpp"
#include "asyndgan/kernels/elementwise.hpp"
#include "asyndgan/layers/activation.hpp"
#include "asyndgan/layers/conv2d.hpp"
#include "asyndgan/layers/conv_transpose2d.hpp"
#include "asyndgan/layers/dropout.hpp"
#include "asyndgan/networks/blocks.hpp"
#include "asyndgan/networks/network.hpp"

namespace asyndgan::networks {

/// pix2pix's U-Net: `downs` halvings of the size to a bottleneck, as many doublings, each of
/// which also sees the image of its own size from the way down. Parameter names are those of
/// the public PyTorch networks, nested as their blocks ("model.model.1.model.3.model.1.weight").
///
/// Shapes  (N, Y, H, W) -> (N, C, H, W) with H and W multiples of 2^downs.
/// Source  Isola et al. 2017, arXiv:1611.07004, 6.1.1.
template <std::floating_point T, Device D = Cpu>
class UnetGenerator {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int in_channels;         // Y, of the condition
    int out_channels;        // C, of the image
    int base_channels = 64;  // at half size; doubled by each further halving, up to 8 times
    int downs = 8;           // 8 for 256 x 256 images, 7 for 128 x 128; at least 5
    NormKind norm = NormKind::batch;
    double dropout = 0.5;  // in the downs - 5 widest levels above the bottleneck
  };

 private:
  /// Halving convolution, norm, and the leaky rectifier in front of the next one.
  using Down = ConvNormRelu<layers::Conv2d<T, D>>;
  /// Rectifier, doubling convolution, norm, dropout.
  struct Up {
    layers::Relu<T, D> relu;
    layers::ConvTranspose2d<T, D> convolution;
    layers::Norm2d<T, D> norm;
    std::optional<layers::Dropout<T, D>> dropout;
  };
  struct UpSaved {
    typename layers::Relu<T, D>::Saved relu;
    typename layers::ConvTranspose2d<T, D>::Saved convolution;
    typename layers::Norm2d<T, D>::Saved norm;
    typename layers::Dropout<T, D>::Saved dropout;
  };

 public:
  struct Saved {
    std::vector<typename Down::Saved> downs;
    std::vector<UpSaved> ups;
    typename layers::Tanh<T, D>::Saved tanh;
  };

  /// Throws ContractViolation on options that make no network.
  explicit UnetGenerator(const Options& options);

  /// Throws ShapeError on other than Y channels or a size that cannot be halved so often.
  [[nodiscard]] Shape output_shape(const Shape& input) const;

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& pass = {});

  Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                        Wanted wanted = Wanted::all);

  void collect(const std::string& prefix, State<T, D>& state);

  [[nodiscard]] const Options& options() const { return options_; }

  /// "UnetGenerator 3 -> 1, base 64, 8 downs, norm batch, dropout 0.5"
  [[nodiscard]] std::string describe() const;

 private:
  static constexpr double kSlope = 0.2;
  static constexpr int kMinimumDowns = 5;  // 4 widths and the bottleneck
  static constexpr int kMaximumDowns = 12;

  [[nodiscard]] static const Options& checked(const Options& options) {
    detail::require_positive(options.in_channels, "UnetGenerator: in_channels");
    detail::require_positive(options.out_channels, "UnetGenerator: out_channels");
    detail::require_positive(options.base_channels, "UnetGenerator: base_channels");
    if (options.downs < kMinimumDowns || options.downs > kMaximumDowns) {
      throw ContractViolation("UnetGenerator: downs is " + std::to_string(options.downs) +
                              ", expected " + std::to_string(kMinimumDowns) + " to " +
                              std::to_string(kMaximumDowns));
    }
    return options;
  }

  [[nodiscard]] std::size_t innermost() const { return downs_.size() - 1; }
  [[nodiscard]] bool is_innermost(int level) const { return level == options_.downs - 1; }
  /// Channels behind convolution `level` on the way down.
  [[nodiscard]] int width(int level) const {
    return options_.base_channels * std::min(1 << level, 8);
  }

  [[nodiscard]] Down make_down(int level) const;

  [[nodiscard]] Up make_up(int level) const;

  /// The Sequential of one block: [leaky relu,] convolution, [norm,] the block inside it, relu,
  /// transposed convolution, [norm, dropout].
  void collect_level(const std::string& name, int level, State<T, D>& state);

  Options options_;
  std::vector<Down> downs_;  // from the largest image to the bottleneck
  std::vector<Up> ups_;      // ups_[i] has the output size of downs_[i]'s input
  layers::Tanh<T, D> tanh_;
};
static_assert(Generator<UnetGenerator<float, Cpu>>);

template <std::floating_point T, Device D>
UnetGenerator<T, D>::UnetGenerator(const Options& options) : options_(checked(options)) {
  for (int level = 0; level < options.downs; ++level) {
    downs_.push_back(make_down(level));
    ups_.push_back(make_up(level));
  }
}

template <std::floating_point T, Device D>
Shape UnetGenerator<T, D>::output_shape(const Shape& input) const {
  const int multiple = 1 << options_.downs;
  if (input.c != options_.in_channels || input.h < 1 || input.w < 1 || input.h % multiple != 0 ||
      input.w % multiple != 0) {
    throw ShapeError("UnetGenerator: input " + to_string(input) + ", expected " +
                     std::to_string(options_.in_channels) + " channels and sides that " +
                     std::to_string(options_.downs) + " halvings divide, multiples of " +
                     std::to_string(multiple));
  }
  return {input.n, options_.out_channels, input.h, input.w};
}

template <std::floating_point T, Device D>
Tensor<T, D> UnetGenerator<T, D>::forward(Tensor<T, D> input, Saved& saved, const Pass& pass) {
  (void)output_shape(input.shape());
  saved.downs.resize(downs_.size());
  saved.ups.resize(ups_.size());
  Tensor<T, D> x = std::move(input);
  for (std::size_t i = 0; i < downs_.size(); ++i) {
    x = downs_[i].forward(std::move(x), saved.downs[i], pass);
  }
  for (std::size_t i = ups_.size(); i-- > 0;) {
    auto& kept = saved.ups[i];
    // The skipped image has been through the leaky rectifier; relu(leaky(x)) = relu(x).
    if (i < innermost()) x = kernels::concat_channels(saved.downs[i + 1].convolution.input, x);
    x = ups_[i].relu.forward(std::move(x), kept.relu, pass);
    x = ups_[i].convolution.forward(std::move(x), kept.convolution, pass);
    x = ups_[i].norm.forward(std::move(x), kept.norm, pass);
    if (ups_[i].dropout) x = ups_[i].dropout->forward(std::move(x), kept.dropout, pass);
  }
  return tanh_.forward(std::move(x), saved.tanh, pass);
}

template <std::floating_point T, Device D>
Tensor<T, D> UnetGenerator<T, D>::backward(const Tensor<T, D>& d_output, const Saved& saved,
                                           Wanted wanted) {
  const Wanted behind = detail::behind_first(wanted);
  std::vector<Tensor<T, D>> d_skipped(downs_.size());  // dL/d(input of convolution i)
  Tensor<T, D> d = tanh_.backward(d_output, saved.tanh, behind);
  for (std::size_t i = 0; i < ups_.size(); ++i) {
    const auto& kept = saved.ups[i];
    if (ups_[i].dropout) d = ups_[i].dropout->backward(d, kept.dropout, behind);
    d = ups_[i].norm.backward(std::move(d), kept.norm, behind);
    d = ups_[i].convolution.backward(d, kept.convolution, behind);
    d = ups_[i].relu.backward(d, kept.relu, behind);
    if (i < innermost()) {
      const int skipped = saved.downs[i + 1].convolution.input.shape().c;
      auto [d_skip, d_inner] = kernels::split_channels(d, skipped);
      d_skipped[i + 1] = std::move(d_skip);
      d = std::move(d_inner);
    }
  }
  for (std::size_t i = innermost(); i > 0; --i) {
    d = downs_[i].backward(std::move(d), saved.downs[i], behind);
    d = kernels::add(std::move(d), d_skipped[i]);
  }
  return downs_[0].backward(std::move(d), saved.downs[0], wanted);
}

template <std::floating_point T, Device D>
void UnetGenerator<T, D>::collect(const std::string& prefix, State<T, D>& state) {
  collect_level(detail::join(prefix, "model.model"), 0, state);
}

template <std::floating_point T, Device D>
std::string UnetGenerator<T, D>::describe() const {
  return "UnetGenerator " + std::to_string(options_.in_channels) + " -> " +
         std::to_string(options_.out_channels) + ", base " +
         std::to_string(options_.base_channels) + ", " + std::to_string(options_.downs) +
         " downs, norm " + layers::to_string(options_.norm) + ", dropout " +
         detail::number(options_.dropout);
}

template <std::floating_point T, Device D>
auto UnetGenerator<T, D>::make_down(int level) const -> Down {
  const bool plain = level == 0 || is_innermost(level);
  return Down({.convolution = {.in_channels = level == 0 ? options_.in_channels : width(level - 1),
                               .out_channels = width(level),
                               .kernel = 4,
                               .stride = 2,
                               .padding = 1,
                               .bias = detail::needs_bias(options_.norm)},
               .norm = plain ? NormKind::none : options_.norm,
               .slope = is_innermost(level) ? 1 : kSlope});
}

template <std::floating_point T, Device D>
auto UnetGenerator<T, D>::make_up(int level) const -> Up {
  const int out = level == 0 ? options_.out_channels : width(level - 1);
  Up up{
      layers::Relu<T, D>(),
      layers::ConvTranspose2d<T, D>(
          {.in_channels = is_innermost(level) ? width(level) : 2 * width(level),
           .out_channels = out,
           .kernel = 4,
           .stride = 2,
           .padding = 1,
           .bias = level == 0 || detail::needs_bias(options_.norm)}),
      layers::Norm2d<T, D>({.channels = out, .kind = level == 0 ? NormKind::none : options_.norm}),
      {}};
  constexpr int kWidths = 4;  // 64, 128, 256, 512: levels whose width is still growing
  if (options_.dropout > 0 && level >= kWidths && !is_innermost(level)) {
    up.dropout.emplace(
        typename layers::Dropout<T, D>::Options{.probability = options_.dropout, .index = level});
  }
  return up;
}

template <std::floating_point T, Device D>
void UnetGenerator<T, D>::collect_level(const std::string& name, int level, State<T, D>& state) {
  auto& down = downs_[static_cast<std::size_t>(level)];
  auto& up = ups_[static_cast<std::size_t>(level)];
  int entry = level == 0 ? 0 : 1;
  down.collect(name, entry++, state);
  if (!is_innermost(level)) {
    if (level > 0) ++entry;  // norm
    collect_level(detail::join(name, std::to_string(entry++) + ".model"), level + 1, state);
  }
  ++entry;  // relu
  up.convolution.collect(detail::join(name, entry++), state);
  up.norm.collect(detail::join(name, entry), state);
}

#ifdef ASYNDGAN_COMPILED
extern template class UnetGenerator<float, Cpu>;  // in asyndgan::compiled
#endif

}  // namespace asyndgan::networks
