// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/activation.hpp"
#include "asyndgan/layers/conv2d.hpp"
#include "asyndgan/layers/max_pool2d.hpp"
#include "asyndgan/networks/blocks.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/networks/network.hpp"

namespace asyndgan::networks {

/// The convolutions of VGG16, for a perceptual loss. Its features are the rectified outputs of
/// the last convolution of each stage: relu1_2, relu2_2, relu3_3, relu4_3 (and relu5_3). The
/// weights come from a file; nothing else in the library needs one.
///
/// Shapes  (N, 3, H, W) -> (N, 512, H/8, W/8) with 4 stages; sides at least 2^(stages - 1).
/// Units   what the weights were trained on; the papers feed images in [-1, 1] as they are.
/// Source  Simonyan & Zisserman 2015, arXiv:1409.1556, configuration D; the layers chosen are
///         those of Johnson et al. 2016, arXiv:1603.08155.
template <std::floating_point T, Device D = Cpu>
class Vgg16Features {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int stages = 4;          // 1 to 5
    int base_channels = 64;  // of VGG16; fewer for tests
  };

 private:
  struct ConvSaved {
    typename layers::Conv2d<T, D>::Saved convolution;
    typename layers::Relu<T, D>::Saved relu;
  };

 public:
  struct Saved {
    std::vector<ConvSaved> convolutions;
    std::vector<typename layers::MaxPool2d<T, D>::Saved> pools;
    std::vector<Tensor<T, D>> features;  // one a stage
  };

  /// Throws ContractViolation unless 1 <= stages <= 5.
  explicit Vgg16Features(const Options& options = {})
      : options_(options), pool_({.kernel = 2, .stride = 2}) {
    detail::require_positive(options.base_channels, "Vgg16Features: base_channels");
    if (options.stages < 1 || options.stages > static_cast<int>(kStages.size())) {
      throw ContractViolation("Vgg16Features: stages is " + std::to_string(options.stages) +
                              ", expected 1 to 5");
    }
    int in = 3;
    for (std::size_t stage = 0; stage < stages(); ++stage) {
      const int out = options.base_channels * kStages[stage].width;
      for (int i = 0; i < kStages[stage].convolutions; ++i) {
        convolutions_.emplace_back(typename layers::Conv2d<T, D>::Options{
            .in_channels = in, .out_channels = out, .kernel = 3, .padding = 1});
        in = out;
      }
    }
  }

  /// The network with weights from a safetensors file under torchvision's names
  /// ("features.0.weight"); what else the file holds, such as the classifier, is left alone.
  /// Errors  CheckpointError, DataError.
  [[nodiscard]] static Vgg16Features load(const std::filesystem::path& path,
                                          const Options& options = {}) {
    Vgg16Features network(options);
    State<T, D> state;
    network.collect("", state);
    (void)load_checkpoint(path, state, {.allow_extra = true});
    return network;
  }

  /// Throws ShapeError on other than 3 channels or an image too small to be halved so often.
  [[nodiscard]] Shape output_shape(const Shape& input) const {
    const int minimum = 1 << (options_.stages - 1);
    if (input.c != 3 || input.h < minimum || input.w < minimum) {
      throw ShapeError("Vgg16Features: input " + to_string(input) +
                       ", expected 3 channels and sides of at least " + std::to_string(minimum) +
                       " pixels");
    }
    return {input.n, options_.base_channels * kStages[stages() - 1].width, input.h / minimum,
            input.w / minimum};
  }

  /// Returns the last of the features.
  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved, const Pass& pass = {}) {
    (void)output_shape(input.shape());
    saved.convolutions.resize(convolutions_.size());
    saved.pools.resize(stages() - 1);
    saved.features.resize(stages());
    Tensor<T, D> x = std::move(input);
    std::size_t next = 0;
    for (std::size_t stage = 0; stage < stages(); ++stage) {
      if (stage > 0) x = pool_.forward(std::move(x), saved.pools[stage - 1], pass);
      for (int i = 0; i < kStages[stage].convolutions; ++i, ++next) {
        auto& kept = saved.convolutions[next];
        x = convolutions_[next].forward(std::move(x), kept.convolution, pass);
        x = relu_.forward(std::move(x), kept.relu, pass);
      }
      saved.features[stage] = x;
    }
    return x;
  }

  /// One for each stage; the last is what forward() returned.
  [[nodiscard]] Features<T, D> features(const Saved& saved) const {
    Features<T, D> features;
    for (const auto& feature : saved.features) features.push_back(&feature);
    return features;
  }

  /// A frozen network is passed with Wanted::input: no weight gradient is computed.
  Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                        Wanted wanted = Wanted::all,
                        std::span<const Tensor<T, D>> d_features = {}) {
    detail::require_feature_count(d_features.size(), stages(), "Vgg16Features");
    const Wanted behind = detail::behind_first(wanted);
    Tensor<T, D> d = d_output;
    std::size_t next = convolutions_.size();
    for (std::size_t stage = stages(); stage-- > 0;) {
      d = detail::with_feature_gradient(std::move(d), stage, d_features);
      if (d.empty()) {
        next -= static_cast<std::size_t>(kStages[stage].convolutions);
        continue;
      }
      for (int i = 0; i < kStages[stage].convolutions; ++i) {
        const auto& kept = saved.convolutions[--next];
        d = relu_.backward(d, kept.relu, behind);
        d = convolutions_[next].backward(d, kept.convolution, next == 0 ? wanted : behind);
      }
      if (stage > 0) d = pool_.backward(d, saved.pools[stage - 1], behind);
    }
    return d;
  }

  void collect(const std::string& prefix, State<T, D>& state) {
    const std::string name = detail::join(prefix, "features");
    int entry = 0;
    std::size_t next = 0;
    for (std::size_t stage = 0; stage < stages(); ++stage) {
      for (int i = 0; i < kStages[stage].convolutions; ++i, ++next) {
        convolutions_[next].collect(detail::join(name, entry), state);
        entry += 2;  // its ReLU
      }
      ++entry;  // the pooling
    }
  }

  [[nodiscard]] const Options& options() const { return options_; }

  /// "Vgg16Features, base 64, 4 stages"
  [[nodiscard]] std::string describe() const {
    return "Vgg16Features, base " + std::to_string(options_.base_channels) + ", " +
           std::to_string(options_.stages) + " stages";
  }

 private:
  struct Stage {
    int convolutions;
    int width;  // in base channels
  };
  static constexpr std::array<Stage, 5> kStages{{{2, 1}, {2, 2}, {3, 4}, {3, 8}, {3, 8}}};

  [[nodiscard]] std::size_t stages() const { return static_cast<std::size_t>(options_.stages); }

  Options options_;
  std::vector<layers::Conv2d<T, D>> convolutions_;
  layers::Relu<T, D> relu_;
  layers::MaxPool2d<T, D> pool_;
};
static_assert(Network<Vgg16Features<float, Cpu>>);
static_assert(FeatureExtractor<Vgg16Features<float, Cpu>>);

}  // namespace asyndgan::networks
