// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/federation/central_options.hpp"
#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/federation/expected.hpp"
#include "asyndgan/federation/membership.hpp"
#include "asyndgan/federation/replicas.hpp"
#include "asyndgan/federation/roster.hpp"
#include "asyndgan/federation/schedule.hpp"
#include "asyndgan/federation/screening.hpp"
#include "asyndgan/federation/seat.hpp"
#include "asyndgan/federation/steps.hpp"
#include "asyndgan/federation/weighting.hpp"
#include "asyndgan/kernels/elementwise.hpp"
#include "asyndgan/optim/adam.hpp"
#include "asyndgan/optim/weight_average.hpp"
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/privacy/release.hpp"
#include "asyndgan/protocol/message.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::federation {

/// The central node: owns the generator, sees label maps and gradients, and no real image.
///
/// Sites may come, leave and return at any time where the options say that the run can do with
/// fewer than all of them; else the first loss ends it (membership.hpp). Several processes may be
/// one centre, with a Central in each (replicas.hpp).
///
/// Threads  one. The kernels below use the thread pool.
template <networks::Generator G, transport::Transport Link, Schedule Plan = Lockstep>
class Central {
 public:
  using T = typename G::Scalar;
  using D = typename G::Place;

  /// A gradient that came.
  struct Part {
    std::size_t site;    // rank - 1
    std::uint64_t step;  // of its fakes
    std::uint64_t age;   // of them, in versions of the generator
  };

  /// What a round tells whoever watches.
  struct Report {
    std::uint64_t step = 0;                                  // that was completed, from 1
    std::vector<std::optional<privacy::Losses>> sites = {};  // where a site released them
    std::vector<Part> parts = {};                            // gradients in the step
    std::vector<Part> dropped = {};         // gradients that came too late, or cannot be right
    std::vector<std::string> changes = {};  // who came, left, was expelled, and why
  };

  /// `sites` is how many there are room for: ranks 1 to `sites` of the link.
  Central(G generator, Link link, int sites, const CentralOptions& options,
          const typename optim::Adam<T, D>::Options& adam = {}, const Plan& schedule = {})
      : options_(options),
        schedule_(schedule),
        plan_(plan_step(options.variant, options.discriminator_steps)),
        generator_(std::move(generator)),
        optimizer_(weights(), adam),
        average_(weights(), options.weight_average),
        members_(generator_, std::move(link), sites, options_, schedule.waits_for_all()) {
    require_replicable(options, roster().size(), schedule_.waits_for_all(), weights());
  }
  Central(const Central&) = delete;  // its parts point to each other
  Central& operator=(const Central&) = delete;

  /// Waits until enough sites have greeted, and tells them the run's facts.
  ///
  /// Errors  ConfigError naming the site and what does not fit; TransportTimeout where too few
  ///         came within the patience; SiteBehind.
  void admit() {
    members_.gather();
    share_state(*options_.replicas, members_.run(), *this);
    share_members(*options_.replicas, members_.roster());
    members_.begin(step());
  }

  /// One step of the generator, with the sites that the schedule waits for.
  ///
  /// Errors  ContractViolation after the last step of the run; ProtocolError, TransportError
  ///         naming the site, where the run cannot do without it; SiteBehind where one came back
  ///         that cannot go on with this step.
  Report round() {
    if (step() >= options_.steps) {
      throw ContractViolation("Central: the run has " + std::to_string(options_.steps) + " steps");
    }
    report_.step = step() + 1;
    report_.sites.resize(roster().size());
    began_ = options_.now();
    members_.begin_step(step());
    for (;;) {
      ask_whoever_is_due();
      const Tally tally = this->tally();
      if (roster().enough() && tally.answered > 0 && schedule_.enough(tally)) {
        share_answers(*options_.replicas, members_.roster(), report_);
        if (keep_those_of_a_size()) break;
        continue;
      }
      require_someone_left(tally);
      members_.hear(time_to_wait(),
                    [this](std::size_t site, auto& message) { this->take(site, message); });
      members_.require_patience();
    }
    auto answers = take_answers();
    update_generator(generator_, optimizer_, contributions(answers),
                     options_.schedule.factor(static_cast<std::int64_t>(step())),
                     options_.combination, options_.replicas);
    average_.update();
    report_.changes = members_.take_news();
    return std::exchange(report_, {});
  }

  /// Tells every site, and the centre's other processes, that nothing follows.
  void finish(const std::string& reason) {
    members_.dismiss(reason);
    options_.replicas->leave(reason);
  }

  /// Closes the link; the sites find the centre gone, and its other processes end by the reason.
  void leave(const std::string& reason = "it was ended") {
    link().close();
    options_.replicas->leave(reason);
  }

  /// Steps of the generator completed so far.
  [[nodiscard]] std::uint64_t step() const {
    return static_cast<std::uint64_t>(optimizer_.steps());
  }
  /// Of the whole run.
  [[nodiscard]] std::uint64_t steps() const { return options_.steps; }
  /// Who has which place, by rank.
  [[nodiscard]] const Roster<G>& roster() const { return members_.roster(); }
  [[nodiscard]] G& generator() { return generator_; }
  /// The running average of the generator's weights, which synthesises better than the last ones.
  [[nodiscard]] optim::WeightAverage<T, D>& average() { return average_; }
  [[nodiscard]] Link& link() { return members_.link(); }

  /// Everything that a resumed run needs: weights, moments, average and step.
  void collect(State<T, D>& state) {
    generator_.collect("", state);
    optimizer_.collect("optimizer", state);
    average_.collect("average", state);
    members_.roster().collect(state);
  }

 private:
  [[nodiscard]] State<T, D> weights() {
    State<T, D> state;
    generator_.collect("", state);
    return state;
  }

  void ask_whoever_is_due() {
    const std::uint64_t due = due_step();
    for (std::size_t site = 0; site < roster().size(); ++site) {
      const auto& seat = roster()[site];
      if (roster().present(site) && seat.ready && seat.next.step <= due) ask(site, 0);
    }
  }

  /// This one. Where the plan had given it to sites that have left since, those next in line
  /// have it.
  [[nodiscard]] std::uint64_t due_step() const {
    if (roster().strict()) return step();  // they will be back
    constexpr std::uint64_t kNever = ~std::uint64_t{0};
    std::uint64_t first = kNever;
    for (const auto& seat : roster()) {
      if (seat.presence != Presence::present) continue;
      if (seat.owes()) return step();
      if (seat.ready) first = std::min(first, seat.next.step);
    }
    return tally().answered == 0 && first != kNever ? std::max(first, step()) : step();
  }

  /// Sends fakes for one exchange of a step. A site that keeps its label maps says nothing between
  /// two exchanges, and gets the next at once.
  void ask(std::size_t site, std::size_t exchange) {
    send_fakes(site, exchange);
    const auto& seat = roster()[site];
    while (seat.asked && !seat.member.facts.sends_label_maps && ++exchange < plan_.size()) {
      send_fakes(site, exchange);
    }
  }

  void send_fakes(std::size_t site, std::size_t exchange) {
    auto& seat = members_.roster()[site];
    const std::uint64_t label = exchange == 0 ? std::max(step(), seat.unasked) : seat.asked->step;
    const bool last = exchange + 1 == plan_.size();
    random::Key key{.seed = options_.seed,
                    .site = static_cast<std::uint32_t>(site + 1),
                    .step = static_cast<std::uint32_t>(label * plan_.size() + exchange),
                    .purpose = random::Purpose::dropout};
    const bool own_maps = seat.member.facts.sends_label_maps;
    if (!own_maps) seat.maps = draw_maps(options_.public_label_maps, seat.next.size, key);
    seat.asked.emplace(Request<G>{label, step(), exchange, options_.now(), {}, {}});
    auto fakes = generate(generator_, options_.input.template make<T, D>(seat.maps, key),
                          seat.asked->saved, layers::Pass{.key = key});
    require_finite(fakes.images());
    seat.asked->fakes = fakes.images().shape();
    seat.ready = false;
    seat.unasked = label + 1;
    if (last) seat.next = members_.roster().batches().next(site, label + 1);
    protocol::Fakes message{.step = label,
                            .ask = federation::ask(plan_[exchange]),
                            .images = privacy::Release::synthetic(std::move(fakes)),
                            .next_step = last ? seat.next.step : label,
                            .next_batch = static_cast<std::uint32_t>(seat.next.size)};
    if (!own_maps) message.maps = privacy::Release::public_label_maps(seat.maps);
    members_.send(site, message);
  }

  static void require_finite(const Tensor<T, D>& images) {
    if (std::isfinite(gradient_traits(images).magnitude)) return;
    throw Error("the generator draws values that are not finite: training has diverged");
  }

  [[nodiscard]] Tally tally() const {
    Tally tally{.elapsed = elapsed()};
    for (const auto& seat : roster()) {
      tally.answered += static_cast<int>(seat.answers.size());
      if (!seat.owes()) continue;
      if (seat.asked && seat.asked->version < step()) {
        ++tally.late;
      } else if (seat.asked || seat.next.step <= step()) {
        ++tally.pending;
      }
    }
    return tally;
  }

  void take(std::size_t site, protocol::Masks& masks) {
    auto& seat = members_.roster()[site];
    require_expected(masks, seat, plan_);
    const bool between = seat.asked.has_value();  // two exchanges of a step
    accept(seat, masks.maps.value());
    if (between) ask(site, seat.asked->exchange + 1);
  }

  void take(std::size_t site, protocol::Gradient& gradient) {
    auto& seat = members_.roster()[site];
    require_expected(gradient, seat, plan_);
    auto d_fake = gradient.d_fake.value().template to<T, D>();
    if (gradient.next_maps) accept(seat, gradient.next_maps->value());
    seat.ready = seat.next.size > 0;
    if (gradient.losses) report_.sites[site] = gradient.losses->value();
    Request<G> request = std::move(*seat.asked);
    seat.asked.reset();
    const std::uint64_t age = step() - request.version;
    if (behaves(site, d_fake, request.step) && schedule_.weight(age) > 0) {
      seat.answers.push_back({site, request.step, age, seat.conduct.magnitude, std::move(d_fake),
                              std::move(request.saved)});
    } else {
      report_.dropped.push_back({site, request.step, age});
    }
  }

  void accept(Seat<G>& seat, const LabelMap& maps) const {
    require_expected(maps, seat.next.size, options_.height, options_.width);
    seat.maps = maps;
    seat.ready = true;
  }

  /// A gradient that cannot be used costs a site its place, at once where no site may miss a step.
  [[nodiscard]] bool behaves(std::size_t site, const Tensor<T, D>& d_fake, std::uint64_t step) {
    auto& conduct = members_.roster()[site].conduct;
    const auto traits = gradient_traits(d_fake);
    const std::string fault = why_unusable(traits, conduct);
    if (!fault.empty()) {
      strike(site, step, fault);
      return false;
    }
    conduct.magnitude = traits.magnitude;
    conduct.last_sent = traits.digest;
    return true;
  }

  /// Throws ProtocolError where it was the last that the run allows.
  void strike(std::size_t site, std::uint64_t step, const std::string& fault) {
    const std::string what = "gradient of step " + std::to_string(step) + " " + fault;
    auto& strikes = members_.roster()[site].conduct.strikes;
    if (roster().strict() || ++strikes >= options_.screening.strikes) throw ProtocolError(what);
    members_.note(roster().who(site) + ": " + what + "; it is not used");
  }

  /// Leaves out what is far larger than the other sites', now that theirs is known too. False
  /// where nothing is left.
  [[nodiscard]] bool keep_those_of_a_size() {
    struct Fault {
      std::size_t site;
      std::uint64_t step;
      std::string why;
    };
    std::vector<Fault> faults;
    const Magnitudes magnitudes = roster().magnitudes();
    for (std::size_t site = 0; site < roster().size(); ++site) {
      auto& seat = members_.roster()[site];
      std::erase_if(seat.answers, [&](const auto& answer) {
        auto why =
            why_too_large(answer.magnitude, magnitudes, seat.conduct.magnitude, options_.screening);
        if (why.empty()) {
          seat.conduct.strikes = 0;
          return false;
        }
        report_.dropped.push_back({site, answer.step, answer.age});
        faults.push_back({site, answer.step, std::move(why)});
        return true;
      });
    }
    for (const Fault& fault : faults) {
      members_.roster()[fault.site].conduct.magnitude = 0;  // nothing to measure others by
      try {
        strike(fault.site, fault.step, fault.why);
      } catch (const ProtocolError& error) {
        members_.expel(fault.site, error.what());
      }
    }
    return tally().answered > 0;
  }

  /// In the order of the sites, whoever was first.
  [[nodiscard]] std::vector<Answer<G>> take_answers() {
    std::vector<Answer<G>> all;
    for (std::size_t site = 0; site < roster().size(); ++site) {
      auto answers = std::exchange(members_.roster()[site].answers, {});
      std::move(answers.begin(), answers.end(), std::back_inserter(all));
    }
    return all;
  }

  [[nodiscard]] std::vector<Contribution<G>> contributions(std::vector<Answer<G>>& answers) {
    std::vector<AnswerSize> sizes;
    sizes.reserve(answers.size());
    for (const auto& answer : answers) sizes.push_back({answer.site, answer.d_fake.shape().n});
    const auto weights = answer_weights(options_.sampling, roster().shares(), sizes,
                                        roster().count(Presence::present));
    const double cap = roster().cap();
    std::vector<Contribution<G>> contributions;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      auto& answer = answers[i];
      if (answer.magnitude > cap) {
        answer.d_fake = kernels::scale(std::move(answer.d_fake), cap / answer.magnitude);
      }
      contributions.push_back(
          {weights[i] * schedule_.weight(answer.age), std::move(answer.d_fake), &answer.saved});
      report_.parts.push_back({answer.site, answer.step, answer.age});
    }
    return contributions;
  }

  /// Sites that are there, and have no part in what is left of the run: their gradients went
  /// unused.
  void require_someone_left(const Tally& tally) const {
    const auto has_part = [](const auto& seat) { return seat.owes() || seat.ready; };
    if (!roster().enough() || tally.answered > 0 ||
        std::any_of(roster().begin(), roster().end(), has_part))
      return;
    throw ProtocolError("too many gradients could not be used: no site has a part left in step " +
                        std::to_string(step()) + " of " + std::to_string(options_.steps));
  }

  [[nodiscard]] std::chrono::milliseconds time_to_wait() const {
    const auto left = members_.patience_left();
    const auto deadline = schedule_.deadline() - elapsed();
    return deadline.count() > 0 ? std::min(left, deadline) : left;
  }
  /// Of this step.
  [[nodiscard]] std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(options_.now() - began_);
  }

  CentralOptions options_;
  Plan schedule_;
  std::vector<Exchange> plan_;
  G generator_;
  optim::Adam<T, D> optimizer_;
  optim::WeightAverage<T, D> average_;
  Membership<G, Link> members_;
  Clock::time_point began_ = {};  // this step
  Report report_;                 // of it
};

}  // namespace asyndgan::federation
