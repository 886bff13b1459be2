// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/data/mirror.hpp"
#include "asyndgan/data/slices.hpp"
#include "asyndgan/federation/critic.hpp"
#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/federation/objective.hpp"
#include "asyndgan/federation/sampling.hpp"
#include "asyndgan/federation/steps.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/modality/condition.hpp"
#include "asyndgan/optim/schedule.hpp"
#include "asyndgan/privacy/ledger.hpp"
#include "asyndgan/privacy/private.hpp"
#include "asyndgan/privacy/query_budget.hpp"
#include "asyndgan/privacy/release.hpp"
#include "asyndgan/privacy/sanitizers/pass_through.hpp"
#include "asyndgan/protocol/codec.hpp"
#include "asyndgan/protocol/site_outbox.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::federation {

/// Which real images D sees beside the fakes of a batch.
enum class Pairing {
  independent,  // drawn on their own: the fakes' own images take no part in their gradient
  paired,       // the images of the fakes' label maps, as published; paired terms need it
};

/// How a site's discriminators divide its channels.
enum class Judging {
  jointly,       // one discriminator over all channels the site has
  per_modality,  // one for each channel
};

/// What a site decides for itself.
template <networks::Discriminator Net>
struct SiteOptions {
  using T = typename Net::Scalar;
  using D = typename Net::Place;

  std::string name;
  std::uint64_t secret = 0;             // keys its draws and its noise; never the run's seed
  typename Net::Options discriminator;  // in_channels is set from the data
  layers::Initialization initialization = {};
  typename optim::Adam<T, D>::Options adam = {};
  optim::ConstantThenLinear schedule = kConstantRate;
  Objective<T, D> objective = {};
  Pairing pairing = Pairing::independent;
  Judging judging = Judging::jointly;
  bool flip = true;  // mirror half of the samples left to right
  privacy::SitePolicy policy = {};
  privacy::AnySanitizer sanitizer = privacy::PassThrough{};       // what dL/dfake goes through
  std::chrono::milliseconds patience = std::chrono::minutes(10);  // with the centre
};

/// What a site needs to know of its modality: the channels of the run, in order. Every
/// modality::Modality says so.
template <class M>
concept ChannelSource = requires(const M& modality) {
  { modality.channels() } -> std::convertible_to<std::vector<std::string>>;
};

/// A site: owns private images and the discriminators that learn from them, and answers the
/// centre's fakes with gradients that its policy lets leave.
///
/// Threads  one. The kernels below use the thread pool.
template <networks::Discriminator Net, ChannelSource M, transport::Transport Link>
class Site {
 public:
  using T = typename Net::Scalar;
  using D = typename Net::Place;

  /// `ledger` outlives the site.
  ///
  /// Errors  DataError for a site without at least two images or with images that are too
  ///         small for the discriminator; ConfigError for options that contradict each other.
  Site(privacy::Private<data::Slices> data, const M& modality, Link link,
       privacy::EgressLedger& ledger, const SiteOptions<Net>& options)
      : options_(options),
        data_(std::move(data)),
        channels_(modality.channels()),
        link_(std::move(link)),
        outbox_(ledger, "central"),
        release_(options.policy, options.secret),
        budget_(size(), options.policy),
        mask_order_(require_enough(), key(random::Purpose::sample_masks)),
        real_order_(size(), key(random::Purpose::sample_real)) {
    require_consistent_options();
    make_critics();
  }
  Site(const Site&) = delete;  // the optimisers point into the networks
  Site& operator=(const Site&) = delete;

  /// Greets the centre and sends the first label maps.
  void join() {
    send(protocol::Hello{options_.name, release_.facts(facts())});
    welcome_ = receive<protocol::Welcome>();
    const Shape& shape = data_.at_site().images.shape();
    limits_ = protocol::Limits::for_run(
        {batch_size(), static_cast<int>(channels_.size()), shape.h, shape.w}, classes());
    send_masks();
  }

  /// Answers one batch of fakes. False once the centre has said goodbye.
  bool serve_round() {
    auto message = receive();
    if (const auto* goodbye = std::get_if<protocol::Goodbye>(&message.message)) {
      farewell_ = goodbye->reason;
      return false;
    }
    const auto fakes = protocol::expect<protocol::Fakes>(std::move(message));
    if (fakes.step != step()) {
      throw ProtocolError("fakes of step " + std::to_string(fakes.step) + ", expected step " +
                          std::to_string(step()) + ": the centre replays or skips steps");
    }
    const auto fake = fakes.images.value().template to<T, D>();
    const auto condition = modality::one_hot<T, D>(batch_.maps, classes());
    require_shape(fake.shape(),
                  {batch_.maps.n, static_cast<int>(channels_.size()), batch_.maps.h, batch_.maps.w},
                  "fakes");
    const double rate = options_.schedule.factor(static_cast<std::int64_t>(fakes.step));

    if (fakes.ask != protocol::Ask::generator) {
      const Sample real = draw_real();
      const auto losses = update_discriminator(critics_, real.condition, real.images, condition,
                                               fake, options_.objective, pass(), rate);
      losses_.discriminator_real = losses.real;
      losses_.discriminator_fake = losses.fake;
    }
    if (fakes.ask == protocol::Ask::discriminator) {
      ++exchanges_;
      send_masks();
    } else {
      answer_with_gradient(fakes.step, condition, fake);
    }
    return true;
  }

  /// The site's whole part in a run; `after_step` is called after every step it has answered.
  /// A request that its policy refuses ends it: the centre is told why, and PolicyError thrown.
  void serve(const std::function<void(Site&)>& after_step = {}) {
    try {
      join();
      for (auto before = steps_; serve_round(); before = steps_) {
        if (after_step && steps_ != before) after_step(*this);
      }
    } catch (const PolicyError& error) {
      const auto frame = outbox_.refuse({.step = step(), .reason = error.what()}, run_);
      link_.send(transport::kCentral, frame);
      throw;
    }
  }

  /// Closes the link; the centre finds the site gone.
  void leave() { link_.close(); }

  /// Steps of the generator that this site has answered.
  [[nodiscard]] std::uint64_t step() const { return static_cast<std::uint64_t>(steps_); }
  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] const std::string& farewell() const { return farewell_; }
  [[nodiscard]] const Critics<Net>& critics() const { return critics_; }

  /// Everything that a resumed run needs: discriminators, moments, and where the draws stand.
  void collect(State<T, D>& state) {
    for (std::size_t i = 0; i < critics_.size(); ++i) {
      const std::string prefix = "discriminator." + std::to_string(i);
      critics_[i].network.collect(prefix, state);
      critics_[i].optimizer.collect(prefix + ".optimizer", state);
    }
    state.counters.push_back({"steps", &steps_});
    state.counters.push_back({"exchanges", &exchanges_});
  }

 private:
  /// What the centre draws fakes for at the moment.
  struct Batch {
    std::vector<std::size_t> samples;
    std::vector<bool> flipped;
    LabelMap maps;  // as released
  };
  struct Sample {
    Tensor<T, D> condition;
    privacy::Private<Tensor<T, D>> images;
  };

  void answer_with_gradient(std::uint64_t step, const Tensor<T, D>& condition,
                            const Tensor<T, D>& fake) {
    std::optional<privacy::Private<Tensor<T, D>>> paired;
    if (options_.objective.reveals() == privacy::Reveals::paired_image) {
      paired = sample(batch_.samples, batch_.flipped).images;
    }
    auto judgement = generator_gradient(critics_, condition, fake, options_.objective, pass(),
                                        paired ? &*paired : nullptr);
    losses_.generator = judgement.loss;
    losses_.samples = static_cast<std::uint64_t>(fake.shape().n);
    loss_average_.add(losses_);
    judgement.gradient.samples_behind = size();
    protocol::Gradient answer{
        step, release_.gradient(std::move(judgement.gradient), options_.sanitizer, step)};
    answer.losses = release_.losses(loss_average_);
    ++exchanges_;
    ++steps_;
    if (step + 1 < welcome_.steps) answer.next_maps = next_maps();
    send(answer);
  }

  void send_masks() { send(protocol::Masks{step(), next_maps()}); }

  /// Draws the next batch and releases its label maps.
  [[nodiscard]] privacy::Shareable<LabelMap> next_maps() {
    batch_.samples = mask_order_.draw(position(), batch_size());
    batch_.flipped = flips(random::Purpose::sample_masks);
    auto released = release_.label_maps(data_.map([&](const data::Slices& slices) {
      return drawn(slices, batch_.samples, batch_.flipped).labels;
    }),
                                        static_cast<std::uint64_t>(exchanges_));
    batch_.maps = released.value();
    return released;
  }

  /// The real images for D's update.
  [[nodiscard]] Sample draw_real() {
    if (options_.pairing == Pairing::paired) return sample(batch_.samples, batch_.flipped);
    return sample(real_order_.draw(position(), batch_size()), flips(random::Purpose::sample_real));
  }

  [[nodiscard]] Sample sample(const std::vector<std::size_t>& samples,
                              const std::vector<bool>& flipped) {
    budget_.spend(samples);
    const auto batch =
        data_.map([&](const data::Slices& slices) { return drawn(slices, samples, flipped); });
    return {modality::one_hot<T, D>(batch.at_site().labels, classes()),
            batch.map([&](const data::Slices& slices) { return all_channels(slices); })};
  }

  [[nodiscard]] static data::Slices drawn(const data::Slices& slices,
                                          const std::vector<std::size_t>& samples,
                                          const std::vector<bool>& flipped) {
    data::Slices batch = gather(slices, samples);
    for (std::size_t n = 0; n < flipped.size(); ++n) {
      if (flipped[n]) mirror(batch, n);
    }
    return batch;
  }

  /// The run's channels; those that the site lacks are 0, and no discriminator looks at them.
  [[nodiscard]] Tensor<T, D> all_channels(const data::Slices& slices) const {
    const Shape& from = slices.images.shape();
    const Shape shape{from.n, static_cast<int>(channels_.size()), from.h, from.w};
    std::vector<T> values(shape.size(), T{0});
    for (int n = 0; n < shape.n; ++n) {
      for (int c = 0; c < from.c; ++c) {
        const auto to =
            static_cast<std::size_t>(n) * shape.image() +
            static_cast<std::size_t>(own_channels_[static_cast<std::size_t>(c)]) * shape.plane();
        const float* plane = &slices.images(n, c, 0, 0);
        std::copy(plane, plane + shape.plane(), values.begin() + static_cast<std::ptrdiff_t>(to));
      }
    }
    return Tensor<T, D>::from_host(shape, values);
  }

  [[nodiscard]] std::vector<bool> flips(random::Purpose purpose) const {
    std::vector<bool> flipped(static_cast<std::size_t>(batch_size()), false);
    if (!options_.flip) return flipped;
    random::Key draw = key(random::Purpose::augment);
    draw.site = static_cast<std::uint32_t>(purpose);  // the secret already names the site
    draw.step = static_cast<std::uint32_t>(exchanges_);
    const random::Stream coins(draw);
    for (std::size_t i = 0; i < flipped.size(); ++i) flipped[i] = coins.below(i, 2) == 1;
    return flipped;
  }

  [[nodiscard]] random::Key key(random::Purpose purpose) const {
    return {.seed = options_.secret, .purpose = purpose};
  }
  [[nodiscard]] layers::Pass pass() const {
    random::Key dropout = key(random::Purpose::dropout);
    dropout.step = static_cast<std::uint32_t>(exchanges_);
    return {.key = dropout};
  }
  [[nodiscard]] std::size_t size() const { return data_.at_site().size(); }
  [[nodiscard]] int classes() const { return data_.at_site().classes; }
  [[nodiscard]] int batch_size() const { return static_cast<int>(welcome_.batch); }
  [[nodiscard]] std::int64_t position() const { return exchanges_ * batch_size(); }

  [[nodiscard]] privacy::SiteFacts facts() const {
    const Shape& shape = data_.at_site().images.shape();
    privacy::SiteFacts facts{.samples = size(),
                             .channels = channels_,
                             .classes = static_cast<std::uint32_t>(classes()),
                             .height = static_cast<std::uint32_t>(shape.h),
                             .width = static_cast<std::uint32_t>(shape.w)};
    for (const int channel : own_channels_) facts.available |= 1U << channel;
    return facts;
  }

  [[nodiscard]] std::size_t require_enough() const {
    if (size() >= 2) return size();
    throw DataError("site '" + options_.name + "' has " + std::to_string(size()) +
                    " labelled images, expected at least 2: with one, its gradients would be "
                    "about that image alone");
  }

  void require_consistent_options() {
    for (const std::string& channel : data_.at_site().channels) {
      const auto found = std::find(channels_.begin(), channels_.end(), channel);
      if (found == channels_.end()) {
        throw DataError("site '" + options_.name + "' has a channel '" + channel +
                        "' that its modality does not know");
      }
      own_channels_.push_back(static_cast<int>(found - channels_.begin()));
    }
    const bool reads_pairs = options_.objective.reveals() == privacy::Reveals::paired_image;
    if ((reads_pairs || options_.pairing == Pairing::paired) &&
        options_.policy.label_maps != privacy::MaskRelease::as_they_are) {
      throw ConfigError("site '" + options_.name +
                        "': pairing fakes with real images needs label maps that leave as they "
                        "are; the site's policy changes or keeps them");
    }
  }

  void make_critics() {
    std::vector<std::vector<int>> groups{own_channels_};
    if (options_.judging == Judging::per_modality) {
      groups.clear();
      for (const int channel : own_channels_) groups.push_back({channel});
    }
    const Shape& shape = data_.at_site().images.shape();
    for (std::size_t i = 0; i < groups.size(); ++i) {
      auto network_options = options_.discriminator;
      network_options.in_channels = classes() + static_cast<int>(groups[i].size());
      Net network(network_options);
      try {
        (void)network.output_shape({1, network_options.in_channels, shape.h, shape.w});
      } catch (const ShapeError& error) {
        throw DataError("site '" + options_.name + "': images are too small: " + error.what());
      }
      State<T, D> state;
      network.collect("", state);
      random::Key draw = key(random::Purpose::initialize);
      draw.site = static_cast<std::uint32_t>(i);
      layers::initialize(state, options_.initialization, draw);
      critics_.emplace_back(groups[i], std::move(network), options_.adam);
    }
  }

  template <class Message>
  void send(const Message& message) {
    const auto frame = outbox_.encode(message, run_);
    link_.send(transport::kCentral, frame);
  }
  [[nodiscard]] protocol::Received receive() {
    const auto frame = link_.receive(transport::kCentral, options_.patience);
    auto received = protocol::decode(frame, limits_, run_);
    run_ = received.header.run;
    return received;
  }
  template <class Message>
  [[nodiscard]] Message receive() {
    return protocol::expect<Message>(receive());
  }

  SiteOptions<Net> options_;
  privacy::Private<data::Slices> data_;
  std::vector<std::string> channels_;  // of the run
  std::vector<int> own_channels_;      // of the run's, those that the site has
  Link link_;
  protocol::SiteOutbox outbox_;
  protocol::Limits limits_;
  privacy::Release release_;
  privacy::QueryBudget budget_;
  EpochSampler mask_order_;
  EpochSampler real_order_;
  Critics<Net> critics_;
  protocol::RunId run_ = 0;
  protocol::Welcome welcome_;
  Batch batch_;
  privacy::Losses losses_;
  privacy::LossAverage loss_average_;
  std::int64_t steps_ = 0;      // of the generator, answered
  std::int64_t exchanges_ = 0;  // batches of fakes answered
  std::string farewell_;
};

}  // namespace asyndgan::federation
