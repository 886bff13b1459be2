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
#include "asyndgan/layers/conv2d.hpp"
#include "asyndgan/layers/conv_transpose2d.hpp"
#include "asyndgan/layers/dropout.hpp"
#include "asyndgan/layers/max_pool2d.hpp"
#include "asyndgan/networks/blocks.hpp"
#include "asyndgan/networks/network.hpp"

namespace asyndgan::networks {

namespace detail {

/// Two times 3 x 3 convolution, rectifier, norm, in this order.
template <std::floating_point T, Device D>
class DoubleConvolution {
 public:
  struct Saved {
    typename layers::Conv2d<T, D>::Saved convolution[2];
    typename layers::Relu<T, D>::Saved relu[2];
    typename layers::Norm2d<T, D>::Saved norm[2];
  };

  DoubleConvolution(int in, int out, NormKind norm) {
    for (const int channels : {in, out}) {
      convolutions_.emplace_back(typename layers::Conv2d<T, D>::Options{
          .in_channels = channels, .out_channels = out, .kernel = 3, .padding = 1});
      norms_.emplace_back(typename layers::Norm2d<T, D>::Options{.channels = out, .kind = norm});
    }
  }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> x, Saved& saved, const Pass& pass) {
    for (std::size_t i = 0; i < 2; ++i) {
      x = convolutions_[i].forward(std::move(x), saved.convolution[i], pass);
      x = relu_.forward(std::move(x), saved.relu[i], pass);
      x = norms_[i].forward(std::move(x), saved.norm[i], pass);
    }
    return x;
  }

  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted) {
    const Wanted behind = behind_first(wanted);
    Tensor<T, D> d = norms_[1].backward(d_output, saved.norm[1], behind);
    d = relu_.backward(d, saved.relu[1], behind);
    d = convolutions_[1].backward(d, saved.convolution[1], behind);
    d = norms_[0].backward(std::move(d), saved.norm[0], behind);
    d = relu_.backward(d, saved.relu[0], behind);
    return convolutions_[0].backward(d, saved.convolution[0], wanted);
  }

  void collect(const std::string& prefix, State<T, D>& state) {
    for (std::size_t i = 0; i < 2; ++i) {
      const std::string name = join(prefix, "conv" + std::to_string(i + 1));
      convolutions_[i].collect(join(name, "conv"), state);
      norms_[i].collect(join(name, "norm"), state);
    }
  }

 private:
  std::vector<layers::Conv2d<T, D>> convolutions_;
  std::vector<layers::Norm2d<T, D>> norms_;
  layers::Relu<T, D> relu_;
};

/// The rows and columns that x and an image of `shape` share, copied into zeros of `shape`:
/// grows or cuts below and on the right.
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> fit_size(Tensor<T, D> x, int h, int w) {
  const Shape from = x.shape();
  if (from.h == h && from.w == w) return x;
  Tensor<T, D> fitted({from.n, from.c, h, w});
  const auto rows = static_cast<std::size_t>(std::min(h, from.h));
  const auto row_bytes = static_cast<std::size_t>(std::min(w, from.w)) * sizeof(T);
  const std::size_t planes = static_cast<std::size_t>(from.n) * static_cast<std::size_t>(from.c);
  for (std::size_t plane = 0; plane < planes; ++plane) {
    for (std::size_t y = 0; y < rows; ++y) {
      D::copy(fitted.data() + plane * fitted.shape().plane() + y * static_cast<std::size_t>(w),
              x.data() + plane * from.plane() + y * static_cast<std::size_t>(from.w), row_bytes);
    }
  }
  return fitted;
}

}  // namespace detail

/// The U-Net that the papers train on synthetic images: halvings by maximum, doublings by
/// transposed convolution, each joined with the image of its size from the way down. Parameter
/// names are those of the authors' network ("c1.conv1.conv.weight", "u5.up.weight", "ce.bias").
///
/// Shapes  (N, C, H, W) -> logits (N, classes, H, W); H and W at least 2^levels. Where a halving
///         leaves a row or column over, the doubling adds zeros in its place.
/// Source  Ronneberger et al. 2015, arXiv:1505.04597, padded.
template <std::floating_point T, Device D = Cpu>
class UnetSegmenter {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int in_channels;         // C, of the image
    int classes;             // background included
    int base_channels = 64;  // at full size; doubled by each halving
    int levels = 4;          // halvings
    NormKind norm = NormKind::batch;
    double dropout = 0.5;  // at the bottom
  };

 private:
  using Double = detail::DoubleConvolution<T, D>;
  struct Up {
    layers::ConvTranspose2d<T, D> up;
    Double convolutions;
  };

 public:
  struct Saved {
    struct Level {
      typename Double::Saved down;
      typename layers::MaxPool2d<T, D>::Saved pool;
      typename layers::ConvTranspose2d<T, D>::Saved up;
      typename Double::Saved convolutions;
      Shape joined;  // of the image from the way down
      Shape raised;  // of the doubled image, before it is fitted
    };
    std::vector<Level> levels;
    typename Double::Saved bottom;
    typename layers::Dropout<T, D>::Saved dropout;
    typename layers::Conv2d<T, D>::Saved last;
  };

  /// Throws ContractViolation on options that make no network.
  explicit UnetSegmenter(const Options& options);

  /// Throws ShapeError on other than C channels or an image too small to be halved so often.
  [[nodiscard]] Shape output_shape(const Shape& input) const;

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& pass = {});

  Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                        Wanted wanted = Wanted::all);

  void collect(const std::string& prefix, State<T, D>& state);

  [[nodiscard]] const Options& options() const { return options_; }

  /// "UnetSegmenter 1 -> 8 classes, base 64, 4 levels, norm batch, dropout 0.5"
  [[nodiscard]] std::string describe() const;

 private:
  [[nodiscard]] static const Options& checked(const Options& options) {
    constexpr int kMaximumLevels = 10;
    detail::require_positive(options.in_channels, "UnetSegmenter: in_channels");
    detail::require_positive(options.classes, "UnetSegmenter: classes");
    detail::require_positive(options.base_channels, "UnetSegmenter: base_channels");
    detail::require_positive(options.levels, "UnetSegmenter: levels");
    if (options.levels > kMaximumLevels) {
      throw ContractViolation("UnetSegmenter: levels is " + std::to_string(options.levels) +
                              ", expected at most " + std::to_string(kMaximumLevels));
    }
    return options;
  }

  [[nodiscard]] int width(int level) const { return options_.base_channels << level; }

  Options options_;
  layers::MaxPool2d<T, D> pool_;
  std::vector<Double> downs_;  // from the full size down
  Double bottom_;
  layers::Dropout<T, D> dropout_;
  std::vector<Up> ups_;  // ups_[i] joins with downs_[i]
  layers::Conv2d<T, D> last_;
};
static_assert(Network<UnetSegmenter<float, Cpu>>);

template <std::floating_point T, Device D>
UnetSegmenter<T, D>::UnetSegmenter(const Options& options)
    : options_(checked(options)),
      pool_({.kernel = 2, .stride = 2}),
      bottom_(width(options.levels - 1), width(options.levels), options.norm),
      dropout_({.probability = options.dropout}),
      last_({.in_channels = options.base_channels, .out_channels = options.classes, .kernel = 1}) {
  for (int i = 0; i < options.levels; ++i) {
    downs_.emplace_back(i == 0 ? options.in_channels : width(i - 1), width(i), options.norm);
    ups_.push_back(
        {layers::ConvTranspose2d<T, D>(
             {.in_channels = width(i + 1), .out_channels = width(i), .kernel = 2, .stride = 2}),
         Double(2 * width(i), width(i), options.norm)});
  }
}

template <std::floating_point T, Device D>
Shape UnetSegmenter<T, D>::output_shape(const Shape& input) const {
  const int minimum = 1 << options_.levels;
  if (input.c != options_.in_channels || input.h < minimum || input.w < minimum) {
    throw ShapeError("UnetSegmenter: input " + to_string(input) + ", expected " +
                     std::to_string(options_.in_channels) + " channels and sides of at least " +
                     std::to_string(minimum) + " pixels");
  }
  return {input.n, options_.classes, input.h, input.w};
}

template <std::floating_point T, Device D>
Tensor<T, D> UnetSegmenter<T, D>::forward(Tensor<T, D> input, Saved& saved, const Pass& pass) {
  (void)output_shape(input.shape());
  saved.levels.resize(downs_.size());
  std::vector<Tensor<T, D>> skipped(downs_.size());
  Tensor<T, D> x = std::move(input);
  for (std::size_t i = 0; i < downs_.size(); ++i) {
    skipped[i] = downs_[i].forward(std::move(x), saved.levels[i].down, pass);
    x = pool_.forward(skipped[i], saved.levels[i].pool, pass);
  }
  x = bottom_.forward(std::move(x), saved.bottom, pass);
  x = dropout_.forward(std::move(x), saved.dropout, pass);
  for (std::size_t i = ups_.size(); i-- > 0;) {
    auto& kept = saved.levels[i];
    kept.joined = skipped[i].shape();
    x = ups_[i].up.forward(std::move(x), kept.up, pass);
    kept.raised = x.shape();
    x = detail::fit_size(std::move(x), kept.joined.h, kept.joined.w);
    x = kernels::concat_channels(x, skipped[i]);
    skipped[i] = {};
    x = ups_[i].convolutions.forward(std::move(x), kept.convolutions, pass);
  }
  return last_.forward(std::move(x), saved.last, pass);
}

template <std::floating_point T, Device D>
Tensor<T, D> UnetSegmenter<T, D>::backward(const Tensor<T, D>& d_output, const Saved& saved,
                                           Wanted wanted) {
  const Wanted behind = detail::behind_first(wanted);
  std::vector<Tensor<T, D>> d_skipped(downs_.size());
  Tensor<T, D> d = last_.backward(d_output, saved.last, behind);
  for (std::size_t i = 0; i < ups_.size(); ++i) {
    const auto& kept = saved.levels[i];
    d = ups_[i].convolutions.backward(d, kept.convolutions, behind);
    auto [d_raised, d_skip] = kernels::split_channels(d, kept.raised.c);
    d_skipped[i] = std::move(d_skip);
    d = detail::fit_size(std::move(d_raised), kept.raised.h, kept.raised.w);
    d = ups_[i].up.backward(d, kept.up, behind);
  }
  d = dropout_.backward(d, saved.dropout, behind);
  d = bottom_.backward(d, saved.bottom, behind);
  for (std::size_t i = downs_.size(); i-- > 0;) {
    d = pool_.backward(d, saved.levels[i].pool, behind);
    d = kernels::add(std::move(d), d_skipped[i]);
    d = downs_[i].backward(d, saved.levels[i].down, i == 0 ? wanted : behind);
  }
  return d;
}

template <std::floating_point T, Device D>
void UnetSegmenter<T, D>::collect(const std::string& prefix, State<T, D>& state) {
  const int levels = options_.levels;
  for (int i = 0; i < levels; ++i) {
    downs_[static_cast<std::size_t>(i)].collect(detail::join(prefix, "c" + std::to_string(i + 1)),
                                                state);
  }
  bottom_.collect(detail::join(prefix, "cu"), state);
  for (int i = levels; i-- > 0;) {
    auto& up = ups_[static_cast<std::size_t>(i)];
    const std::string name = detail::join(prefix, "u" + std::to_string(2 * levels - i));
    up.up.collect(detail::join(name, "up"), state);
    up.convolutions.collect(name, state);
  }
  last_.collect(detail::join(prefix, "ce"), state);
}

template <std::floating_point T, Device D>
std::string UnetSegmenter<T, D>::describe() const {
  return "UnetSegmenter " + std::to_string(options_.in_channels) + " -> " +
         std::to_string(options_.classes) + " classes, base " +
         std::to_string(options_.base_channels) + ", " + std::to_string(options_.levels) +
         " levels, norm " + layers::to_string(options_.norm) + ", dropout " +
         detail::number(options_.dropout);
}

#ifdef ASYNDGAN_COMPILED
extern template class UnetSegmenter<float, Cpu>;  // in asyndgan::compiled
#endif

}  // namespace asyndgan::networks
