// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/activation.hpp"
#include "asyndgan/layers/conv2d.hpp"
#include "asyndgan/layers/conv_transpose2d.hpp"
#include "asyndgan/networks/blocks.hpp"
#include "asyndgan/networks/network.hpp"

namespace asyndgan::networks {

/// The papers' generator: a 7 x 7 convolution, two halvings of the size, residual blocks, two
/// doublings, a 7 x 7 convolution and tanh. Parameter names are those of the public PyTorch
/// networks ("model.1.weight", "model.10.conv_block.1.weight").
///
/// Shapes  (N, Y, H, W) -> (N, C, H, W) where H and W are multiples of 4, else the next
///         multiples; H and W at least 5.
/// Source  Johnson et al. 2016, arXiv:1603.08155; as used by Chang et al. 2020 (CVPR), 3.3.
template <std::floating_point T, Device D = Cpu>
class ResnetGenerator {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int in_channels;         // Y, of the condition
    int out_channels;        // C, of the image
    int base_channels = 64;  // at full size; 4 times as many in the residual blocks
    int blocks = 9;          // 6 for 128 x 128 images, 9 for larger ones
    NormKind norm = NormKind::instance;
    double dropout = 0.5;  // in every block; the noise of the generator
  };

 private:
  using Down = ConvNormRelu<layers::Conv2d<T, D>>;
  using Up = ConvNormRelu<layers::ConvTranspose2d<T, D>>;

 public:
  struct Saved {
    std::vector<typename Down::Saved> downs;
    std::vector<typename ResidualBlock<T, D>::Saved> blocks;
    std::vector<typename Up::Saved> ups;
    typename layers::Conv2d<T, D>::Saved last;
    typename layers::Tanh<T, D>::Saved tanh;
  };

  /// Throws ContractViolation on options that make no network.
  explicit ResnetGenerator(const Options& options);

  /// Throws ShapeError on other than Y channels or a side below 5.
  [[nodiscard]] Shape output_shape(const Shape& input) const;

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& pass = {});

  Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                        Wanted wanted = Wanted::all);

  void collect(const std::string& prefix, State<T, D>& state);

  [[nodiscard]] const Options& options() const { return options_; }

  /// "ResnetGenerator 3 -> 1, base 64, 9 blocks, norm instance, dropout 0.5"
  [[nodiscard]] std::string describe() const;

 private:
  static constexpr int kMinimumSide = 5;  // of which the blocks see 2, enough to reflect 1

  [[nodiscard]] static const Options& checked(const Options& options) {
    detail::require_positive(options.in_channels, "ResnetGenerator: in_channels");
    detail::require_positive(options.out_channels, "ResnetGenerator: out_channels");
    detail::require_positive(options.base_channels, "ResnetGenerator: base_channels");
    if (options.blocks < 0) throw ContractViolation("ResnetGenerator: blocks is negative");
    return options;
  }

  [[nodiscard]] static typename layers::Conv2d<T, D>::Options seven(int in, int out) {
    return {.in_channels = in,
            .out_channels = out,
            .kernel = 7,
            .padding = 3,
            .padding_mode = kernels::PaddingMode::reflect};
  }
  [[nodiscard]] Down halving(int width) const {
    return Down({.convolution = {.in_channels = width,
                                 .out_channels = 2 * width,
                                 .kernel = 3,
                                 .stride = 2,
                                 .padding = 1,
                                 .bias = detail::needs_bias(options_.norm)},
                 .norm = options_.norm});
  }
  [[nodiscard]] Up doubling(int width) const {
    return Up({.convolution = {.in_channels = 2 * width,
                               .out_channels = width,
                               .kernel = 3,
                               .stride = 2,
                               .padding = 1,
                               .output_padding = 1,
                               .bias = detail::needs_bias(options_.norm)},
               .norm = options_.norm});
  }

  Options options_;
  std::vector<Down> downs_;
  std::vector<ResidualBlock<T, D>> blocks_;
  std::vector<Up> ups_;
  layers::Conv2d<T, D> last_;
  layers::Tanh<T, D> tanh_;
};
static_assert(Generator<ResnetGenerator<float, Cpu>>);

template <std::floating_point T, Device D>
ResnetGenerator<T, D>::ResnetGenerator(const Options& options)
    : options_(checked(options)), last_(seven(options.base_channels, options.out_channels)) {
  const int base = options.base_channels;
  auto first = seven(options.in_channels, base);
  first.bias = detail::needs_bias(options.norm);
  downs_.emplace_back(typename Down::Options{.convolution = first, .norm = options.norm});
  for (const int width : {base, 2 * base}) downs_.push_back(halving(width));
  for (int i = 0; i < options.blocks; ++i) {
    blocks_.emplace_back(typename ResidualBlock<T, D>::Options{.channels = 4 * base,
                                                               .norm = options.norm,
                                                               .dropout = options.dropout,
                                                               .dropout_index = i});
  }
  for (const int width : {2 * base, base}) ups_.push_back(doubling(width));
}

template <std::floating_point T, Device D>
Shape ResnetGenerator<T, D>::output_shape(const Shape& input) const {
  if (input.c != options_.in_channels || input.h < kMinimumSide || input.w < kMinimumSide) {
    throw ShapeError("ResnetGenerator: input " + to_string(input) + ", expected " +
                     std::to_string(options_.in_channels) + " channels and sides of at least " +
                     std::to_string(kMinimumSide) + " pixels");
  }
  Shape shape = input;
  for (const auto& down : downs_) shape = down.output_shape(shape);
  for (const auto& up : ups_) shape = up.output_shape(shape);
  return last_.output_shape(shape);
}

template <std::floating_point T, Device D>
Tensor<T, D> ResnetGenerator<T, D>::forward(Tensor<T, D> input, Saved& saved, const Pass& pass) {
  (void)output_shape(input.shape());
  saved.downs.resize(downs_.size());
  saved.blocks.resize(blocks_.size());
  saved.ups.resize(ups_.size());
  Tensor<T, D> x = std::move(input);
  for (std::size_t i = 0; i < downs_.size(); ++i) {
    x = downs_[i].forward(std::move(x), saved.downs[i], pass);
    if (i > 0) downs_[i - 1].give_up(saved.downs[i].convolution);
  }
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    x = blocks_[i].forward(std::move(x), saved.blocks[i], pass);
    if (i == 0) downs_.back().give_up(saved.blocks[0].first.convolution);
  }
  for (std::size_t i = 0; i < ups_.size(); ++i) {
    x = ups_[i].forward(std::move(x), saved.ups[i], pass);
    if (i > 0) ups_[i - 1].give_up(saved.ups[i].convolution);
  }
  x = last_.forward(std::move(x), saved.last, pass);
  ups_.back().give_up(saved.last);
  return tanh_.forward(std::move(x), saved.tanh, pass);
}

template <std::floating_point T, Device D>
Tensor<T, D> ResnetGenerator<T, D>::backward(const Tensor<T, D>& d_output, const Saved& saved,
                                             Wanted wanted) {
  const Wanted behind = detail::behind_first(wanted);
  Tensor<T, D> d = tanh_.backward(d_output, saved.tanh, behind);
  d = last_.backward(d, saved.last, behind, ups_.back().output(saved.ups.back()));
  for (std::size_t i = ups_.size() - 1; i > 0; --i) {
    d = ups_[i].backward(std::move(d), saved.ups[i], behind,
                         [&] { return ups_[i - 1].output(saved.ups[i - 1]); });
  }
  d = ups_[0].backward(std::move(d), saved.ups[0], behind);
  for (std::size_t i = blocks_.size(); i-- > 0;) {
    d = blocks_[i].backward(d, saved.blocks[i], behind, [&] {
      return i == 0 ? downs_.back().output(saved.downs.back()) : Tensor<T, D>();
    });
  }
  for (std::size_t i = downs_.size() - 1; i > 0; --i) {
    d = downs_[i].backward(std::move(d), saved.downs[i], behind,
                           [&] { return downs_[i - 1].output(saved.downs[i - 1]); });
  }
  return downs_[0].backward(std::move(d), saved.downs[0], wanted);
}

template <std::floating_point T, Device D>
void ResnetGenerator<T, D>::collect(const std::string& prefix, State<T, D>& state) {
  const std::string name = detail::join(prefix, "model");
  int entry = 1;  // 0 is the padding of the first convolution
  const auto next = [&entry](int entries) { return std::exchange(entry, entry + entries); };
  for (auto& down : downs_) down.collect(name, next(3), state);
  for (auto& block : blocks_) block.collect(detail::join(name, next(1)), state);
  for (auto& up : ups_) up.collect(name, next(3), state);
  last_.collect(detail::join(name, entry + 1), state);  // behind its padding
}

template <std::floating_point T, Device D>
std::string ResnetGenerator<T, D>::describe() const {
  return "ResnetGenerator " + std::to_string(options_.in_channels) + " -> " +
         std::to_string(options_.out_channels) + ", base " +
         std::to_string(options_.base_channels) + ", " + std::to_string(options_.blocks) +
         " blocks, norm " + layers::to_string(options_.norm) + ", dropout " +
         detail::number(options_.dropout);
}

#ifdef ASYNDGAN_COMPILED
extern template class ResnetGenerator<float, Cpu>;  // in asyndgan::compiled
#endif

}  // namespace asyndgan::networks
