// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/data/mirror.hpp"
#include "asyndgan/data/slices.hpp"
#include "asyndgan/downstream/balanced_sampler.hpp"
#include "asyndgan/downstream/segment.hpp"  // images_between
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/losses/segmentation.hpp"
#include "asyndgan/networks/unet_segmenter.hpp"
#include "asyndgan/optim/adam.hpp"
#include "asyndgan/optim/schedule.hpp"

namespace asyndgan::downstream {

struct SegmenterTrainingOptions {
  int steps = 1900;
  int batch = 16;
  double rate = 1e-3;             // Adam's, with betas 0.9 and 0.999
  double decay_share = 0.4;       // of the steps, over which the rate falls to 0 at the end
  double dice_weight = 1;         // soft Dice over the foreground
  double entropy_weight = 1;      // cross-entropy over all pixels
  bool flips = true;              // mirror left and right
  double intensity_jitter = 0.1;  // of gain and offset, uniform: scanners' scales differ
  BalancedSamplerOptions sampling = {};
  std::uint64_t seed = 0;  // of weights, order, flips, jitter and dropout
};

/// Trains a segmenter on labelled slices, real or synthetic. Step t is a function of the
/// options, the slices, the records after step t - 1 and t alone: saving records() and loading
/// them into a trainer of the same options and slices continues as if nothing had happened.
///
///   SegmenterTrainer<UnetSegmenter<float>> trainer(network_options, slices, {.steps = 1900});
///   while (!trainer.done()) trainer.step();
///   const auto labels = segment(trainer.network(), images);
///
/// Requires  `slices` outlives the trainer and does not change.
/// Errors    ContractViolation if there are no slices, or they do not fit the network.
/// Threads   one.
template <networks::Network Net = networks::UnetSegmenter<float>>
class SegmenterTrainer {
 public:
  using T = typename Net::Scalar;
  using D = typename Net::Place;
  using Options = SegmenterTrainingOptions;

  SegmenterTrainer(const typename Net::Options& network, const data::Slices& slices,
                   const Options& options)
      : options_(checked(options)),
        slices_(slices),
        sampler_((require_fit(network, slices), slices.labels), options.sampling),
        network_(network),
        state_(started(network_, options)),
        adam_(state_, {.learning_rate = options.rate, .beta1 = 0.9, .beta2 = 0.999}) {}
  SegmenterTrainer(const SegmenterTrainer&) = delete;  // the optimiser points into the network
  SegmenterTrainer& operator=(const SegmenterTrainer&) = delete;

  /// One update. Returns the loss before it.
  double step() {
    const auto number = static_cast<std::uint32_t>(steps());
    const auto [images, labels] = batch(number);
    typename Net::Saved saved;
    const auto logits = network_.forward(
        detail::images_between<T, D>(images, 0, images.shape().n), saved,
        {.training = true, .dropout = true, .key = {.seed = options_.seed, .step = number}});
    losses::Loss<T, D> loss{0, Tensor<T, D>(logits.shape())};
    loss = losses::add(std::move(loss), options_.dice_weight, losses::soft_dice(logits, labels));
    loss = losses::add(std::move(loss), options_.entropy_weight,
                       losses::cross_entropy(logits, labels));
    state_.zero_gradients();
    adam_.step_in(
        [&] { (void)network_.backward(loss.gradient, saved, layers::Wanted::parameters); },
        rate_factor(number));
    return loss.value;
  }

  /// Updates made so far, those of loaded records included.
  [[nodiscard]] std::int64_t steps() const { return adam_.steps(); }
  [[nodiscard]] bool done() const { return steps() >= options_.steps; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Net& network() { return network_; }

  /// All that training changes, for networks::save_checkpoint() and load_checkpoint().
  [[nodiscard]] State<T, D> records() {
    State<T, D> all = state_;
    adam_.collect("adam", all);
    return all;
  }

 private:
  static const Options& checked(const Options& o) {
    if (o.steps < 0 || o.batch < 1 || !(o.decay_share >= 0 && o.decay_share <= 1) ||
        !(o.intensity_jitter >= 0 && o.intensity_jitter < 1) || !(o.dice_weight >= 0) ||
        !(o.entropy_weight >= 0)) {
      throw ContractViolation(
          "SegmenterTrainer: " + std::to_string(o.steps) + " steps of " + std::to_string(o.batch) +
          ", decay share " + std::to_string(o.decay_share) + ", jitter " +
          std::to_string(o.intensity_jitter) + ", weights " + std::to_string(o.dice_weight) +
          " and " + std::to_string(o.entropy_weight) +
          "; expected steps >= 0, batch >= 1, shares in [0, 1], weights >= 0");
    }
    return o;
  }

  static void require_fit(const typename Net::Options& network, const data::Slices& slices) {
    data::require_consistent(slices);
    if (slices.empty()) throw ContractViolation("SegmenterTrainer: no slices to learn from");
    const Shape& shape = slices.images.shape();
    if (shape.c != network.in_channels || slices.classes > network.classes) {
      throw ContractViolation("SegmenterTrainer: images " + to_string(shape) + " with " +
                              std::to_string(slices.classes) + " classes do not fit a network of " +
                              std::to_string(network.in_channels) + " channels and " +
                              std::to_string(network.classes) + " classes");
    }
  }

  static State<T, D> started(Net& network, const Options& options) {
    State<T, D> state;
    network.collect("", state);
    // The norms behind the rectifiers want the variance kept: He et al. 2015.
    layers::initialize(state, {.kind = layers::InitializationKind::kaiming},
                       {.seed = options.seed, .purpose = random::Purpose::initialize});
    return state;
  }

  struct Batch {
    Tensor<float> images;  // (N, C, H, W)
    LabelMap labels;       // (N, H, W)
  };

  [[nodiscard]] Batch batch(std::uint32_t number) const {
    const auto chosen = sampler_.draw(
        options_.batch,
        {.seed = options_.seed, .step = number, .purpose = random::Purpose::sample_real});
    data::Slices drawn = data::gather(slices_, chosen);
    random::Sequence draw(
        {.seed = options_.seed, .step = number, .purpose = random::Purpose::augment});
    for (int i = 0; i < drawn.images.shape().n; ++i) {
      const bool flip = draw.uniform() < 0.5;
      const double jitter = options_.intensity_jitter;
      const auto gain = static_cast<float>(1 + draw.uniform(-jitter, jitter));
      const auto offset = static_cast<float>(draw.uniform(-jitter, jitter));
      if (flip && options_.flips) data::mirror(drawn, static_cast<std::size_t>(i));
      const std::size_t image = drawn.images.shape().image();
      for (float& value :
           drawn.images.values().subspan(static_cast<std::size_t>(i) * image, image)) {
        value = gain * value + offset;
      }
    }
    return {std::move(drawn.images), std::move(drawn.labels)};
  }

  [[nodiscard]] double rate_factor(std::uint32_t number) const {
    const auto decay =
        static_cast<std::int64_t>(std::lround(options_.decay_share * options_.steps));
    return optim::ConstantThenLinear{.constant = options_.steps - decay, .decay = decay}.factor(
        number);
  }

  Options options_;
  const data::Slices& slices_;
  BalancedSampler sampler_;
  Net network_;
  State<T, D> state_;
  optim::Adam<T, D> adam_;
};

/// Called after every step with its loss; false stops the training, which goes on later.
using TrainingCallback = std::function<bool(std::int64_t steps, double loss)>;

/// Runs the trainer to its end, or until `callback` says stop. Returns whether it is done.
template <networks::Network Net>
bool train(SegmenterTrainer<Net>& trainer, const TrainingCallback& callback = {}) {
  while (!trainer.done()) {
    const double loss = trainer.step();
    if (callback && !callback(trainer.steps(), loss)) break;
  }
  return trainer.done();
}

}  // namespace asyndgan::downstream
