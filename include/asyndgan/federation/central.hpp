// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/federation/central_options.hpp"
#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/federation/expected.hpp"
#include "asyndgan/federation/replicas.hpp"
#include "asyndgan/federation/roster.hpp"
#include "asyndgan/federation/schedule.hpp"
#include "asyndgan/federation/screening.hpp"
#include "asyndgan/federation/seat.hpp"
#include "asyndgan/federation/standing.hpp"
#include "asyndgan/federation/steps.hpp"
#include "asyndgan/federation/weighting.hpp"
#include "asyndgan/kernels/elementwise.hpp"
#include "asyndgan/optim/adam.hpp"
#include "asyndgan/optim/weight_average.hpp"
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/privacy/release.hpp"
#include "asyndgan/protocol/codec.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::federation {

/// The central node: owns the generator, sees label maps and gradients, and no real image.
///
/// Sites may come, leave and return at any time where the options say that the run can do with
/// fewer than all of them; else the first loss ends it. Several processes may be one centre, with
/// a Central in each (replicas.hpp).
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
        run_(run_id(options)),
        plan_(plan_step(options.variant, options.discriminator_steps)),
        link_(std::move(link)),
        generator_(std::move(generator)),
        optimizer_(weights(), adam),
        average_(weights(), options.weight_average),
        roster_(sites, options_) {
    const Shape fakes = generator_.output_shape(
        {roster_.batches().largest(), options.input.channels(), options.height, options.width});
    limits_ = protocol::Limits::for_run(fakes, options.input.classes);
    require_replicable(options, roster_.size(), schedule_.waits_for_all(), weights());
  }
  Central(const Central&) = delete;  // the optimiser points into the generator
  Central& operator=(const Central&) = delete;

  /// Waits until enough sites have greeted, and tells them the run's facts.
  ///
  /// Errors  ConfigError naming the site and what does not fit; TransportTimeout where too few
  ///         came within the patience; SiteBehind.
  void admit() {
    const auto begin = options_.now();
    while (!roster_.enough()) {
      if (roster_.count(Presence::greeted) + roster_.count(Presence::present) >=
          roster_.minimum()) {
        for (std::size_t site = 0; site < roster_.size(); ++site) {
          if (roster_[site].presence == Presence::greeted) (void)give_place(site);
        }
        continue;
      }
      const auto left = remaining(begin, options_.patience);
      if (left <= left.zero()) {
        throw TransportTimeout(roster_.first_missing() + " did not come within " +
                               std::to_string(options_.patience.count()) + " ms");
      }
      hear(left);
    }
    share_state(*options_.replicas, run_, *this);
    share_members(*options_.replicas, roster_);
    for (std::size_t site = 0; site < roster_.size(); ++site) require_standing(site);
    admitted_ = true;
    if (roster_.strict()) roster_.weigh();
    for (std::size_t site = 0; site < roster_.size(); ++site) {
      if (roster_.present(site)) welcome(site);
    }
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
    report_.sites.resize(roster_.size());
    began_ = complete_ = options_.now();
    for (;;) {
      ask_whoever_is_due();
      const Tally tally = this->tally();
      if (roster_.enough() && tally.answered > 0 && schedule_.enough(tally)) {
        share_answers(*options_.replicas, roster_, report_);
        if (keep_those_of_a_size()) break;
        continue;
      }
      require_someone_left(tally);
      hear(time_to_wait());
      require_patience();
    }
    auto answers = std::exchange(answers_, {});
    update_generator(generator_, optimizer_, contributions(answers),
                     options_.schedule.factor(static_cast<std::int64_t>(step())),
                     options_.combination, options_.replicas);
    average_.update();
    return std::exchange(report_, {});
  }

  /// Tells every site, and the centre's other processes, that nothing follows.
  void finish(const std::string& reason) {
    for (std::size_t site = 0; site < roster_.size(); ++site) {
      if (roster_.present(site)) tell(site, protocol::Goodbye{reason});
    }
    options_.replicas->leave(reason);
  }

  /// Closes the link; the sites find the centre gone, and its other processes end by the reason.
  void leave(const std::string& reason = "it was ended") {
    link_.close();
    options_.replicas->leave(reason);
  }

  /// Steps of the generator completed so far.
  [[nodiscard]] std::uint64_t step() const {
    return static_cast<std::uint64_t>(optimizer_.steps());
  }
  /// Of the whole run.
  [[nodiscard]] std::uint64_t steps() const { return options_.steps; }
  /// Who has which place, by rank.
  [[nodiscard]] const Roster<G>& roster() const { return roster_; }
  [[nodiscard]] G& generator() { return generator_; }
  /// The running average of the generator's weights, which synthesises better than the last ones.
  [[nodiscard]] optim::WeightAverage<T, D>& average() { return average_; }
  [[nodiscard]] Link& link() { return link_; }

  /// Everything that a resumed run needs: weights, moments, average and step.
  void collect(State<T, D>& state) {
    generator_.collect("", state);
    optimizer_.collect("optimizer", state);
    average_.collect("average", state);
    roster_.collect_magnitudes(state);
  }

 private:
  using Millis = std::chrono::milliseconds;

  [[nodiscard]] State<T, D> weights() {
    State<T, D> state;
    generator_.collect("", state);
    return state;
  }

  // Whom a step asks, and what comes back.

  void ask_whoever_is_due() {
    const std::uint64_t due = due_step();
    for (std::size_t site = 0; site < roster_.size(); ++site) {
      const auto& seat = roster_[site];
      if (roster_.present(site) && seat.ready && seat.next.step <= due) ask(site, 0);
    }
  }

  /// This one. Where the plan had given it to sites that have left since, those next in line
  /// have it.
  [[nodiscard]] std::uint64_t due_step() const {
    if (roster_.strict()) return step();  // they will be back
    std::uint64_t first = kNever;
    for (const auto& seat : roster_) {
      if (seat.presence != Presence::present) continue;
      if (seat.owes()) return step();
      if (seat.ready) first = std::min(first, seat.next.step);
    }
    return answers_.empty() && first != kNever ? std::max(first, step()) : step();
  }

  /// Sends fakes for one exchange of a step. A site that keeps its label maps says nothing between
  /// two exchanges, and gets the next at once.
  void ask(std::size_t site, std::size_t exchange) {
    send_fakes(site, exchange);
    const auto& seat = roster_[site];
    while (seat.asked && !seat.member.facts.sends_label_maps && ++exchange < plan_.size()) {
      send_fakes(site, exchange);
    }
  }

  void send_fakes(std::size_t site, std::size_t exchange) {
    auto& seat = roster_[site];
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
    if (last) seat.next = roster_.batches().next(site, label + 1);
    protocol::Fakes message{.step = label,
                            .ask = federation::ask(plan_[exchange]),
                            .images = privacy::Release::synthetic(std::move(fakes)),
                            .next_step = last ? seat.next.step : label,
                            .next_batch = static_cast<std::uint32_t>(seat.next.size)};
    if (!own_maps) message.maps = privacy::Release::public_label_maps(seat.maps);
    send(site, message);
  }

  static void require_finite(const Tensor<T, D>& images) {
    if (std::isfinite(gradient_traits(images).magnitude)) return;
    throw Error("the generator draws values that are not finite: training has diverged");
  }

  [[nodiscard]] Tally tally() const {
    Tally tally{.answered = static_cast<int>(answers_.size()), .elapsed = since(began_)};
    for (const auto& seat : roster_) {
      if (!seat.owes()) continue;
      if (seat.asked && seat.asked->version < step()) {
        ++tally.late;
      } else if (seat.asked || seat.next.step <= step()) {
        ++tally.pending;
      }
    }
    return tally;
  }

  /// Takes in one message, or none within `limit`. One that breaks the protocol costs its sender
  /// the place.
  void hear(Millis limit) {
    transport::Arrival arrival;
    try {
      if (options_.while_waiting) limit = std::min(limit, kGlance);
      arrival = link_.receive_any(std::max(limit, Millis(1)));
    } catch (const TransportTimeout&) {
      if (options_.while_waiting) options_.while_waiting();
      return;
    }
    const auto site = static_cast<std::size_t>(arrival.peer - 1);
    if (roster_[site].presence == Presence::expelled) return;
    if (roster_[site].presence == Presence::elsewhere) {
      if (!arrival.gone()) tell(site, protocol::Goodbye{"another process of the centre serves it"});
      return;
    }
    if (arrival.gone()) {
      lose<TransportError>(site, Presence::away, roster_.who(site) + " is gone");
      return;
    }
    try {
      auto received = protocol::decode(arrival.message, limits_);
      const bool greeting = std::holds_alternative<protocol::Hello>(received.message);
      if (received.header.run != run_ && !(greeting && received.header.run == 0)) {
        throw ProtocolError("run is " + std::to_string(received.header.run) + ", expected " +
                            std::to_string(run_) + ": a message of another run");
      }
      auto& seat = roster_[site];
      seat.wire_version = received.header.version;
      const bool has_left = seat.presence == Presence::away && !seat.member.name.empty();
      if (has_left && !greeting) return;  // what it sent before it knew
      std::visit([&](auto& message) { take(site, message); }, received.message);
    } catch (const ProtocolError& error) {
      lose<ProtocolError>(site, Presence::expelled, error.what());
    }
  }

  void take(std::size_t site, protocol::Hello& hello) {
    if (roster_.present(site)) lose<TransportError>(site, Presence::away, "came anew");
    const auto& names = options_.names;
    if (site < names.size() && hello.site_name != names[site]) {
      throw ProtocolError("it calls itself '" + hello.site_name + "', its place is that of '" +
                          names[site] + "'");
    }
    roster_.greet(site, std::move(hello));
    if (!admitted_ || !give_place(site)) return;
    require_standing(site);
    report_.changes.push_back(roster_.who(site) + " has come");
    welcome(site);
  }

  /// A site that does not fit is told why, and stays out; a run that needs it ends.
  [[nodiscard]] bool give_place(std::size_t site) {
    try {
      roster_.give_place(site, limits_);
      return true;
    } catch (const ConfigError& error) {
      if (roster_.strict()) throw;
      report_.changes.push_back(error.what());
      tell(site, protocol::Goodbye{error.what()});
      return false;
    }
  }

  void take(std::size_t site, protocol::Masks& masks) {
    auto& seat = require_part(site, protocol::Kind::masks);
    require_expected(masks, seat, plan_);
    const bool between = seat.asked.has_value();  // two exchanges of a step
    accept(seat, masks.maps.value());
    if (between) ask(site, seat.asked->exchange + 1);
  }

  void take(std::size_t site, protocol::Gradient& gradient) {
    auto& seat = require_part(site, protocol::Kind::gradient);
    require_expected(gradient, seat, plan_);
    auto d_fake = gradient.d_fake.value().template to<T, D>();
    if (gradient.next_maps) accept(seat, gradient.next_maps->value());
    seat.ready = seat.next.size > 0;
    if (gradient.losses) report_.sites[site] = gradient.losses->value();
    Request<G> request = std::move(*seat.asked);
    seat.asked.reset();
    const std::uint64_t age = step() - request.version;
    if (behaves(site, d_fake, request.step) && schedule_.weight(age) > 0) {
      answers_.push_back({site, request.step, age, seat.conduct.magnitude, std::move(d_fake),
                          std::move(request.saved)});
    } else {
      report_.dropped.push_back({site, request.step, age});
    }
  }

  void take(std::size_t site, protocol::Refusal& refusal) {
    lose<ProtocolError>(site, Presence::away, "refuses: " + refusal.reason);
  }
  void take(std::size_t site, protocol::Goodbye& goodbye) {
    lose<TransportError>(site, Presence::away, "leaves: " + goodbye.reason);
  }
  template <class Message>
  void take(std::size_t /*site*/, Message& /*message*/) {
    throw ProtocolError("a message that only the centre sends");
  }

  [[nodiscard]] Seat<G>& require_part(std::size_t site, protocol::Kind kind) {
    if (roster_.present(site)) return roster_[site];
    throw ProtocolError(std::string(to_string(kind)) + " before a hello");
  }

  void accept(Seat<G>& seat, const LabelMap& maps) const {
    require_expected(maps, seat.next.size, options_.height, options_.width);
    seat.maps = maps;
    seat.ready = true;
  }

  /// A gradient that cannot be used costs a site its place, at once where no site may miss a step.
  [[nodiscard]] bool behaves(std::size_t site, const Tensor<T, D>& d_fake, std::uint64_t step) {
    auto& conduct = roster_[site].conduct;
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
    if (roster_.strict() || ++roster_[site].conduct.strikes >= options_.screening.strikes) {
      throw ProtocolError(what);
    }
    report_.changes.push_back(roster_.who(site) + ": " + what + "; it is not used");
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
    std::erase_if(answers_, [&](const auto& answer) {
      auto why = why_too_large(answer.magnitude, roster_.magnitudes_beside(answer.site),
                               options_.screening);
      if (why.empty()) {
        roster_[answer.site].conduct.strikes = 0;
        return false;
      }
      report_.dropped.push_back({answer.site, answer.step, answer.age});
      faults.push_back({answer.site, answer.step, std::move(why)});
      return true;
    });
    for (const Fault& fault : faults) {
      roster_[fault.site].conduct.magnitude = 0;  // nothing to measure others by
      try {
        strike(fault.site, fault.step, fault.why);
      } catch (const ProtocolError& error) {
        lose<ProtocolError>(fault.site, Presence::expelled, error.what());
      }
    }
    return !answers_.empty();
  }

  /// In the order of the sites, whoever was first.
  [[nodiscard]] std::vector<Contribution<G>> contributions(std::vector<Answer<G>>& answers) {
    std::stable_sort(answers.begin(), answers.end(),
                     [](const auto& a, const auto& b) { return a.site < b.site; });
    std::vector<AnswerSize> sizes;
    sizes.reserve(answers.size());
    for (const auto& answer : answers) sizes.push_back({answer.site, answer.d_fake.shape().n});
    const auto weights = answer_weights(options_.sampling, roster_.shares(), sizes,
                                        roster_.count(Presence::present));
    std::vector<Contribution<G>> contributions;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      auto& answer = answers[i];
      if (const double cap = roster_.cap(answer.magnitude); cap < 1) {
        answer.d_fake = kernels::scale(std::move(answer.d_fake), cap);
      }
      contributions.push_back(
          {weights[i] * schedule_.weight(answer.age), std::move(answer.d_fake), &answer.saved});
      report_.parts.push_back({answer.site, answer.step, answer.age});
    }
    return contributions;
  }

  // Who comes and goes.

  /// Errors  SiteBehind; TransportError where other processes of the centre would not hear of it.
  void require_standing(std::size_t site) const {
    const auto& seat = roster_[site];
    if (!roster_.strict() || goes_on_with(seat.goes_on_with, step())) return;
    const SiteBehind behind(roster_.who(site), step(), seat.goes_on_with);
    if (!admitted_ || options_.replicas->size() == 1) throw SiteBehind(behind);
    throw TransportError(std::string(behind.what()) + "; started again, all go back");
  }

  void welcome(std::size_t site) {
    auto& seat = roster_[site];
    seat.next = roster_.batches().next(site, step());
    seat.ready = !seat.member.facts.sends_label_maps && seat.next.size > 0;
    seat.welcomed = options_.now();
    send(site, protocol::Welcome{
                   .rank = static_cast<std::uint32_t>(site + 1),
                   .first_step = seat.next.step,
                   .steps = options_.steps,
                   .batch = static_cast<std::uint32_t>(seat.next.size),
                   .largest_batch = static_cast<std::uint32_t>(roster_.batches().largest()),
                   .discriminator_steps = static_cast<std::uint32_t>(options_.discriminator_steps),
                   .fresh_fakes = options_.variant == Variant::two_phase,
                   .every_step = roster_.strict() && schedule_.waits_for_all(),
                   .gradient_encoding = options_.gradient_encoding.code(),
                   .gradient_share = options_.gradient_encoding.share()});
  }

  /// Throws E where the run cannot do without the site, or does not wait for it. `why` is what is
  /// wrong with it, or a link's whole sentence.
  template <class E>
  void lose(std::size_t site, Presence now, const std::string& why) {
    const bool news =
        roster_[site].presence != Presence::away || now == Presence::expelled || roster_.strict();
    if (now == Presence::expelled) tell(site, protocol::Goodbye{why});
    roster_.take_place(site, now);
    std::erase_if(answers_, [site](const auto& answer) { return answer.site == site; });
    if (!news) return;
    const std::string who = roster_.who(site);
    const std::string text = why.starts_with(who) ? why : who + ": " + why;
    report_.changes.push_back(text);
    if (now == Presence::expelled && roster_.strict()) throw E(text);
    const bool needed = (admitted_ || roster_.strict()) && !roster_.enough();
    if (needed && options_.grace.count() == 0) throw E(text);
  }

  /// Errors  TransportTimeout, TransportError where what is owed, or a site that the run cannot do
  ///         without, does not come.
  void require_patience() {
    for (std::size_t site = 0; site < roster_.size(); ++site) {
      const auto& seat = roster_[site];
      if (seat.owes() && since(seat.waiting_since()) >= options_.patience) {
        lose<TransportTimeout>(
            site, Presence::away,
            "did not answer within " + std::to_string(options_.patience.count()) + " ms");
      }
    }
    if (roster_.enough()) {
      complete_ = options_.now();
    } else if (since(complete_) >= options_.grace) {
      throw TransportError(std::to_string(roster_.count(Presence::present)) +
                           " sites are left, expected " + std::to_string(roster_.minimum()) +
                           " or more");
    }
  }

  /// Sites that are there, and have no part in what is left of the run: their gradients went
  /// unused.
  void require_someone_left(const Tally& tally) const {
    const auto has_part = [](const auto& seat) { return seat.owes() || seat.ready; };
    if (!admitted_ || !roster_.enough() || tally.answered > 0 ||
        std::any_of(roster_.begin(), roster_.end(), has_part))
      return;
    throw ProtocolError("too many gradients could not be used: no site has a part left in step " +
                        std::to_string(step()) + " of " + std::to_string(options_.steps));
  }

  [[nodiscard]] Millis time_to_wait() const {
    Millis left = roster_.enough() ? kNoDeadline : remaining(complete_, options_.grace);
    for (const auto& seat : roster_) {
      if (seat.owes()) left = std::min(left, remaining(seat.waiting_since(), options_.patience));
    }
    if (const Millis deadline = remaining(began_, schedule_.deadline()); deadline.count() > 0) {
      left = std::min(left, deadline);
    }
    return left;
  }

  [[nodiscard]] Millis since(Clock::time_point begin) const {
    return std::chrono::duration_cast<Millis>(options_.now() - begin);
  }
  [[nodiscard]] Millis remaining(Clock::time_point begin, Millis limit) const {
    return limit - since(begin);
  }

  template <class Message>
  void send(std::size_t site, const Message& message) {
    try {
      link_.send(static_cast<transport::Peer>(site + 1),
                 protocol::encode(message, run_, writing_for(site)));
    } catch (const TransportTimeout& error) {
      lose<TransportTimeout>(site, Presence::away, error.what());
    } catch (const TransportError& error) {
      lose<TransportError>(site, Presence::away, error.what());
    }
  }
  /// As the site's version of the wire has it.
  [[nodiscard]] protocol::EncodeOptions writing_for(std::size_t site) const {
    const std::uint16_t version = roster_[site].wire_version;
    return {.tensors = version > 1 ? options_.fakes_encoding : protocol::AnyEncoding(),
            .version = version};
  }
  /// A last word, to whoever may be gone already.
  void tell(std::size_t site, const protocol::Goodbye& goodbye) {
    try {
      link_.send(static_cast<transport::Peer>(site + 1),
                 protocol::encode(goodbye, run_, writing_for(site)));
    } catch (const TransportError&) {  // gone: nobody misses it
    }
  }

  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  CentralOptions options_;
  Plan schedule_;
  protocol::RunId run_;
  std::vector<Exchange> plan_;
  Link link_;
  protocol::Limits limits_;
  G generator_;
  optim::Adam<T, D> optimizer_;
  optim::WeightAverage<T, D> average_;
  Roster<G> roster_;
  bool admitted_ = false;            // the run has begun
  std::vector<Answer<G>> answers_;   // to this step
  Clock::time_point began_ = {};     // this step
  Clock::time_point complete_ = {};  // when there were last enough sites
  Report report_;                    // of this step
};

}  // namespace asyndgan::federation
