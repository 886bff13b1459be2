// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/layer.hpp"
#include "asyndgan/networks/network.hpp"

/// Networks that cost next to nothing: what a step of them takes is what the federation adds.
namespace asyndgan::benchmark {

/// Draws images of one learned grey level in each channel, whatever the condition.
///
/// Shapes  (N, Y, H, W) -> (N, C, H, W)
class FlatGenerator {
 public:
  using Scalar = float;
  using Place = Cpu;
  struct Options {
    int channels = 3;  // C
  };
  struct Saved {};

  explicit FlatGenerator(const Options& options)
      : options_(options), level_({1, options.channels, 1, 1}) {}

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] std::string describe() const {
    return "FlatGenerator " + std::to_string(options_.channels);
  }
  [[nodiscard]] Shape output_shape(const Shape& input) const {
    return {input.n, options_.channels, input.h, input.w};
  }

  [[nodiscard]] Tensor<float> forward(Tensor<float> input, Saved& /*saved*/,
                                      const layers::Pass& /*pass*/ = {}) const {
    auto images = Tensor<float>::uninitialized(output_shape(input.shape()));
    const auto levels = level_.value.values();
    const std::size_t plane = images.shape().plane();
    for (std::size_t i = 0; i * plane < images.size(); ++i) {
      std::ranges::fill(images.values().subspan(i * plane, plane), levels[i % levels.size()]);
    }
    return images;
  }

  Tensor<float> backward(const Tensor<float>& d_output, const Saved& /*saved*/,
                         layers::Wanted wanted = layers::Wanted::all) {
    const auto d_levels = level_.grad.values();
    const std::size_t plane = d_output.shape().plane();
    for (std::size_t i = 0; i * plane < d_output.size(); ++i) {
      const auto d_plane = d_output.values().subspan(i * plane, plane);
      d_levels[i % d_levels.size()] += std::reduce(d_plane.begin(), d_plane.end());
    }
    if (wanted == layers::Wanted::parameters) return {};
    return Tensor<float>(d_output.shape());  // nothing depends on the condition
  }

  void collect(const std::string& prefix, State<float>& state) {
    state.parameters.push_back({prefix + "level", &level_});
  }

 private:
  Options options_;
  Parameter<float> level_;  // (1, C, 1, 1)
};
static_assert(networks::Generator<FlatGenerator>);

/// Judges an image by its last pixel of the last channel alone, times a learned weight.
///
/// Shapes  (N, Y + C, H, W) -> (N, 1, 1, 1)
class PixelJudge {
 public:
  using Scalar = float;
  using Place = Cpu;
  struct Options {
    int in_channels = 0;
  };
  struct Saved {
    Shape input;
    Tensor<float> pixel;  // (N, 1, 1, 1)
  };

  explicit PixelJudge(const Options& options) : options_(options), weight_({1, 1, 1, 1}) {}

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] std::string describe() const {
    return "PixelJudge " + std::to_string(options_.in_channels);
  }
  [[nodiscard]] Shape output_shape(const Shape& input) const { return {input.n, 1, 1, 1}; }

  [[nodiscard]] Tensor<float> forward(const Tensor<float>& input, Saved& saved,
                                      const layers::Pass& /*pass*/ = {}) const {
    saved.input = input.shape();
    saved.pixel = Tensor<float>(output_shape(saved.input));
    auto logits = saved.pixel;
    for (std::size_t n = 0; n < logits.size(); ++n) {
      saved.pixel.values()[n] = input.values()[(n + 1) * saved.input.image() - 1];
      logits.values()[n] = weight_.value.values()[0] * saved.pixel.values()[n];
    }
    return logits;
  }

  [[nodiscard]] networks::Features<float> features(const Saved& saved) const {
    return {&saved.pixel};
  }

  Tensor<float> backward(const Tensor<float>& d_output, const Saved& saved,
                         layers::Wanted wanted = layers::Wanted::all,
                         std::span<const Tensor<float>> /*d_features*/ = {}) {
    Tensor<float> d_input;
    if (wanted != layers::Wanted::parameters) d_input = Tensor<float>(saved.input);
    for (std::size_t n = 0; n < d_output.size(); ++n) {
      const float d = d_output.values()[n];
      if (wanted != layers::Wanted::input) {
        weight_.grad.values()[0] += d * saved.pixel.values()[n];
      }
      if (!d_input.empty()) {
        d_input.values()[(n + 1) * saved.input.image() - 1] = d * weight_.value.values()[0];
      }
    }
    return d_input;
  }

  void collect(const std::string& prefix, State<float>& state) {
    state.parameters.push_back({prefix + "weight", &weight_});
  }

 private:
  Options options_;
  Parameter<float> weight_;  // (1, 1, 1, 1)
};
static_assert(networks::Discriminator<PixelJudge>);

}  // namespace asyndgan::benchmark
