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
#include "asyndgan/core/safetensors.hpp"
#include "asyndgan/data/slices.hpp"
#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/federation/make_critics.hpp"
#include "asyndgan/federation/recall_critics.hpp"
#include "asyndgan/federation/site_options.hpp"
#include "asyndgan/federation/site_position.hpp"
#include "asyndgan/federation/site_samples.hpp"
#include "asyndgan/federation/steps.hpp"
#include "asyndgan/modality/condition.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/privacy/ledger.hpp"
#include "asyndgan/privacy/private.hpp"
#include "asyndgan/privacy/release.hpp"
#include "asyndgan/protocol/codec.hpp"
#include "asyndgan/protocol/site_outbox.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::federation {

/// What a site needs to know of its modality: the channels of the run, in order. Every
/// modality::Modality says so.
template <class M>
concept ChannelSource = requires(const M& modality) {
  { modality.channels() } -> std::convertible_to<std::vector<std::string>>;
};

/// Channels by their names alone, where the data come without a modality.
struct Channels {
  std::vector<std::string> names;
  [[nodiscard]] const std::vector<std::string>& channels() const { return names; }
};
static_assert(ChannelSource<Channels>);

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
        samples_(std::move(data), modality.channels(), options.policy,
                 {.site = options.name, .secret = options.secret, .flip = options.flip}),
        link_(std::move(link)),
        outbox_(ledger, "central", {.label_maps = options.label_maps_encoding}),
        release_(options.policy, options.secret) {
    require_consistent_options();
    critics_ = make_critics(samples_, options_);
  }
  Site(const Site&) = delete;  // the optimisers point into the networks
  Site& operator=(const Site&) = delete;

  /// What a site's owner takes part in. Empty functions are not called.
  struct Hooks {
    /// Every time the site has finished a step whose gradient has not left yet. What is saved
    /// here is never older than what the centre has seen.
    std::function<void(Site&)> before_answer = {};
    /// When the site has joined and after every step that it has answered.
    std::function<void(Site&)> after_step = {};
    /// Puts the site back to where it stood before a step, from a checkpoint; false if there is
    /// none. For a centre that has gone back itself, in a run where every step counts.
    std::function<bool(Site&, std::uint64_t step)> rewind = {};
    /// Now and then while it waits for the centre. What it throws ends the wait, and leaves the
    /// site as it was: between two steps, what is saved here is what it goes on with.
    std::function<void(Site&)> while_waiting = {};
    /// The steps that `rewind` can put it back to. Without, the centre does not know.
    std::function<std::vector<protocol::StepRange>()> checkpoints = {};
  };

  /// Greets the centre, which will answer with a welcome. A site that was cut off in the middle
  /// of a run does it anew.
  void greet(const Hooks& hooks = {}) {
    welcomed_ = false;
    send(protocol::Hello{options_.name, release_.facts(samples_.facts()), goes_on_with(hooks)});
  }

  /// Greets the centre and sends the first label maps.
  void join(const Hooks& hooks = {}) {
    greet(hooks);
    if (!serve_round(hooks)) throw ProtocolError("the centre ends before it begins: " + farewell_);
  }

  /// Answers one message of the centre: its welcome, then one batch of fakes after the other.
  /// False once the centre has said goodbye.
  ///
  /// Errors  ProtocolError for what does not fit the run, and where the centre refuses this site.
  bool serve_round(const Hooks& hooks = {}) {
    auto message = receive(hooks);
    if (const auto* goodbye = std::get_if<protocol::Goodbye>(&message.message)) {
      farewell_ = goodbye->reason;
      return false;
    }
    if (const auto* refusal = std::get_if<protocol::Refusal>(&message.message)) {
      throw ProtocolError("the centre refuses this site: " + refusal->reason);
    }
    if (!welcomed_) {
      take(protocol::expect<protocol::Welcome>(std::move(message)), hooks);
      return true;
    }
    const auto fakes = protocol::expect<protocol::Fakes>(std::move(message));
    if (repeats_ && last_answer_->step == fakes.step) {
      repeat_last_answer(fakes);
      return true;
    }
    position_.require_next(fakes);
    require_label_maps(fakes);
    position_.move_to(fakes.step);
    const auto fake = fakes.images.value().template to<T, D>();
    const auto condition = modality::Condition<T, D>::one_hot(
        (fakes.maps ? *fakes.maps : maps_.value()).value(), samples_.classes());
    const int count = condition.labels.n;
    require_fitting(condition.channels.shape(), count, samples_.classes(), "label maps");
    require_fitting(fake.shape(), count, samples_.run_channels(), "fakes");

    if (fakes.ask != protocol::Ask::generator) {
      const auto real = options_.pairing == Pairing::paired ? samples_.draw_paired(count)
                                                            : samples_.draw_real(count);
      const auto losses = update_discriminator(critics_, real.condition, real.images, condition,
                                               fake, options_.objective, pass(), rate());
      losses_.discriminator_real = losses.real;
      losses_.discriminator_fake = losses.fake;
    }
    if (fakes.ask == protocol::Ask::discriminator) {
      go_on(fakes);
      if (sends_label_maps()) send_masks(fakes.next_batch);
    } else {
      answer_with_gradient(fakes, condition, fake, hooks);
    }
    return true;
  }

  /// The site's whole part in a run, or what is left of it.
  /// A request that its policy refuses ends it: the centre is told why, and PolicyError thrown.
  void serve(const Hooks& hooks = {}) {
    try {
      join(hooks);
      if (hooks.after_step) hooks.after_step(*this);
      for (auto before = answered(); serve_round(hooks); before = answered()) {
        if (hooks.after_step && answered() != before) hooks.after_step(*this);
      }
    } catch (const PolicyError& error) {
      const auto frame = outbox_.refuse({.step = step(), .reason = error.what()}, run_);
      try {
        link_.send(transport::kCentral, frame);
      } catch (const TransportError&) {  // the centre is gone; the cause is still the policy
      }
      throw;
    }
  }

  /// Closes the link; the centre finds the site gone.
  void leave() { link_.close(); }
  /// Takes another link to the centre, to join() anew.
  void reconnect(Link link) { link_ = std::move(link); }

  /// The step of the generator that this site has its next part in.
  [[nodiscard]] std::uint64_t step() const { return position_.step(); }
  /// The first step after the last that the site has answered.
  [[nodiscard]] std::uint64_t answered() const { return position_.answered(); }
  [[nodiscard]] bool between_steps() const { return position_.between_steps(); }
  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] const std::string& farewell() const { return farewell_; }
  [[nodiscard]] const Critics<Net>& critics() const { return critics_; }

  /// Everything that a resumed run needs: discriminators, moments, and where the draws stand.
  void collect(State<T, D>& state) {
    for (auto* critics : {&critics_, &waiting_}) {
      for (auto& critic : *critics) {
        critic.collect(critic_name(critic.channels, samples_.channel_names()), state);
      }
    }
    collect_position(state);
  }

  /// Goes on from a file of collect()'s state, which may be of other channels: a discriminator of
  /// channels that the file does not know begins anew, one of channels that the site has lost is
  /// kept, in the checkpoints to come too. Returns what was so, for people.
  ///
  /// Errors  CheckpointError naming the file and what does not fit; the site is as it was then.
  std::vector<std::string> restore(const safetensors::File& file) {
    samples_.require_same_images(file);
    State<T, D> state;
    auto recalled = recall_critics(file, samples_, options_, state);
    collect_position(state);
    networks::load_checkpoint(file, state);
    critics_ = std::move(recalled.judging);
    waiting_ = std::move(recalled.waiting);
    return std::move(recalled.news);
  }

 private:
  /// What is no discriminator's.
  void collect_position(State<T, D>& state) {
    samples_.collect(state);
    loss_average_.collect("loss_average", state);
    position_.collect(state);
  }

  void take(const protocol::Welcome& welcome, const Hooks& hooks) {
    if (welcome.largest_batch > static_cast<std::uint32_t>(options_.largest_batch)) {
      throw ProtocolError("largest batch is " + std::to_string(welcome.largest_batch) +
                          ", this site takes at most " + std::to_string(options_.largest_batch));
    }
    outbox_.encode_tensors(
        protocol::AnyEncoding::of(welcome.gradient_encoding, welcome.gradient_share));
    position_.announce(welcome);
    limits_ =
        protocol::Limits::for_run({static_cast<int>(welcome.largest_batch), samples_.run_channels(),
                                   samples_.height(), samples_.width()},
                                  samples_.classes());
    go_to(welcome.first_step, welcome.batch, hooks);
    if (sends_label_maps() && welcome.batch > 0) send_masks(welcome.batch);
    welcomed_ = true;
  }

  [[nodiscard]] std::vector<protocol::StepRange> goes_on_with(const Hooks& hooks) const {
    if (!hooks.checkpoints) return {};
    auto ranges = hooks.checkpoints();
    if (ranges.empty() && answered() == 0) return {};  // it is new
    if (between_steps()) ranges.push_back({answered(), std::max(answered(), step())});
    if (last_answer_ && position_.one_exchange_a_step()) {
      ranges.push_back({last_answer_->step, last_answer_->step});
    }
    return ranges;
  }

  /// The centre asks for this site's part from `first` on. Where every step counts, the site
  /// answers again what it has answered already, or goes back to a checkpoint; else it goes on
  /// with the discriminators that it has.
  void go_to(std::uint64_t first, std::uint32_t batch, const Hooks& hooks) {
    const bool in_the_middle = position_.abandon_step();
    repeats_ = position_.every_step() && position_.one_exchange_a_step() && last_answer_ &&
               last_answer_->step == first && last_answer_->d_fake.provenance().items == batch;
    if (repeats_ || (first == step() && !in_the_middle)) return;
    if (position_.every_step() && (answered() > 0 || in_the_middle)) {
      const bool behind = first < answered() || in_the_middle;
      if (!behind || !go_back(first, hooks)) {
        throw ProtocolError("the centre goes on with step " + std::to_string(first) +
                            ", this site's checkpoint with step " + std::to_string(step()));
      }
    }
    position_.restart_at(first);
  }

  /// To a checkpoint, if there is one, but for the queries: what was answered since has been
  /// answered.
  [[nodiscard]] bool go_back(std::uint64_t step, const Hooks& hooks) {
    const auto spent = samples_.budget();
    if (!hooks.rewind || !hooks.rewind(*this, step)) return false;
    samples_.count_at_least(spent);
    last_answer_.reset();
    position_.move_to(step);
    return true;
  }

  void require_fitting(const Shape& seen, int count, int channels, const char* what) const {
    const Shape expected{count, channels, samples_.height(), samples_.width()};
    if (seen == expected) return;
    throw ProtocolError(std::string(what) + " have shape " + to_string(seen) + ", expected " +
                        to_string(expected));
  }

  void require_label_maps(const protocol::Fakes& fakes) const {
    if (fakes.maps.has_value() == sends_label_maps()) {
      throw ProtocolError(std::string("fakes ") + (fakes.maps ? "with" : "without") +
                          " label maps, but this site " + (sends_label_maps() ? "sends" : "keeps") +
                          " its own");
    }
    if (sends_label_maps() && !maps_) throw ProtocolError("fakes before this site's label maps");
  }

  void answer_with_gradient(const protocol::Fakes& fakes,
                            const modality::Condition<T, D>& condition, const Tensor<T, D>& fake,
                            const Hooks& hooks) {
    std::optional<privacy::Private<Tensor<T, D>>> paired;
    if (options_.objective.reveals() == privacy::Reveals::paired_image) {
      paired = samples_.draw_paired(fake.shape().n).images;
    }
    auto judgement = generator_gradient(critics_, condition, fake, options_.objective, pass(),
                                        paired ? &*paired : nullptr);
    losses_.generator = judgement.loss;
    losses_.samples = static_cast<std::uint64_t>(fake.shape().n);
    loss_average_.add(losses_);
    judgement.gradient.samples_behind = std::min(samples_.size(), statistics_minimum(options_));
    protocol::Gradient answer{fakes.step, release_.gradient(std::move(judgement.gradient),
                                                            options_.sanitizer, fakes.step)};
    if (samples_.size() >= options_.policy.minimum_batch) {  // draws of fewer repeat them
      answer.losses = release_.losses(loss_average_);
    }
    position_.answer();
    go_on(fakes);
    last_answer_ = answer;  // the link may be cut before the centre has it
    last_maps_ = maps_;
    if (hooks.before_answer) hooks.before_answer(*this);
    send_with_next_maps(std::move(answer), fakes.next_batch);
  }

  /// The same gradient, for the same fakes. It costs no query: nothing new is told.
  void repeat_last_answer(const protocol::Fakes& fakes) {
    if (fakes.ask != position_.ask_for_gradient()) {
      throw ProtocolError("fakes of step " + std::to_string(fakes.step) +
                          " were answered and are asked for anew in another way");
    }
    repeats_ = false;
    position_.move_to(fakes.next_step);
    send_with_next_maps(*last_answer_, fakes.next_batch);
  }

  void send_with_next_maps(protocol::Gradient answer, std::uint32_t count) {
    if (sends_label_maps() && count > 0) answer.next_maps = next_maps(count);
    send(answer);
  }

  /// To the exchange that follows `answered`.
  void go_on(const protocol::Fakes& answered) {
    samples_.advance(answered.images.value().shape().n);
    position_.go_on(answered.next_step);
  }

  void send_masks(std::uint32_t count) {
    if (repeats_) {
      send(protocol::Masks{last_answer_->step, last_maps_.value()});
    } else {
      send(protocol::Masks{step(), next_maps(count)});
    }
  }

  /// Draws the next batch and releases its label maps.
  [[nodiscard]] privacy::Shareable<LabelMap> next_maps(std::uint32_t count) {
    maps_ = release_.label_maps(samples_.draw_maps(static_cast<int>(count)), position_.exchanges());
    return *maps_;
  }
  [[nodiscard]] bool sends_label_maps() const {
    return options_.policy.label_maps != privacy::MaskRelease::none;
  }

  [[nodiscard]] layers::Pass pass() const {
    return {.key = {.seed = options_.secret,
                    .step = static_cast<std::uint32_t>(position_.exchanges()),
                    .purpose = random::Purpose::dropout}};
  }
  [[nodiscard]] double rate() const {
    return options_.schedule.factor(static_cast<std::int64_t>(step()));
  }

  void require_consistent_options() const {
    const bool reads_pairs = options_.objective.reveals() == privacy::Reveals::paired_image;
    if ((reads_pairs || options_.pairing == Pairing::paired) &&
        options_.policy.label_maps != privacy::MaskRelease::as_they_are) {
      throw ConfigError("site '" + options_.name +
                        "': pairing fakes with real images needs label maps that leave as they "
                        "are; the site's policy changes or keeps them");
    }
  }

  template <class Message>
  void send(const Message& message) {
    const auto frame = outbox_.encode(message, run_);
    link_.send(transport::kCentral, frame);
  }
  [[nodiscard]] protocol::Received receive(const Hooks& hooks) {
    const auto frame = await(hooks);
    auto received = protocol::decode(frame, limits_, run_);
    run_ = received.header.run;
    return received;
  }

  [[nodiscard]] std::vector<std::byte> await(const Hooks& hooks) {
    if (!hooks.while_waiting) return link_.receive(transport::kCentral, options_.patience);
    for (auto left = options_.patience; left > left.zero(); left -= kGlance) {
      try {
        return link_.receive(transport::kCentral, std::min(left, kGlance));
      } catch (const TransportTimeout&) {
        hooks.while_waiting(*this);
      }
    }
    throw TransportTimeout("the centre did not answer within " +
                           std::to_string(options_.patience.count()) + " ms");
  }

  SiteOptions<Net> options_;
  SiteSamples<T, D> samples_;
  Link link_;
  protocol::SiteOutbox outbox_;
  protocol::Limits limits_;
  privacy::Release release_;
  Critics<Net> critics_;
  Critics<Net> waiting_;  // of channels that the site has lost, until it has them again
  protocol::RunId run_ = 0;
  bool welcomed_ = false;
  SitePosition position_;
  /// As released: what the centre draws fakes for at the moment, and what it drew the last for.
  std::optional<privacy::Shareable<LabelMap>> maps_;
  std::optional<privacy::Shareable<LabelMap>> last_maps_;
  std::optional<protocol::Gradient> last_answer_;
  bool repeats_ = false;  // the last answer is what the centre asks for
  privacy::Losses losses_;
  privacy::LossAverage loss_average_;
  std::string farewell_;
};

}  // namespace asyndgan::federation
