// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/shape.hpp"
#include "asyndgan/federation/central_options.hpp"
#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/federation/roster.hpp"
#include "asyndgan/federation/schedule.hpp"
#include "asyndgan/federation/seat.hpp"
#include "asyndgan/federation/standing.hpp"
#include "asyndgan/networks/network.hpp"
#include "asyndgan/protocol/codec.hpp"
#include "asyndgan/protocol/frame.hpp"
#include "asyndgan/protocol/limits.hpp"
#include "asyndgan/protocol/message.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::federation {

/// The sites of a run and the link to them: who comes and gets a place, leaves and comes back, or
/// is expelled. A Central hears and asks those that have a part in the run through this.
///
/// Threads  one.
template <networks::Generator G, transport::Transport Link>
class Membership {
 public:
  using Millis = std::chrono::milliseconds;

  /// `options` outlives it. Ranks 1 to `sites` of the link are the sites; the generator says how
  /// large their messages may be.
  ///
  /// Errors  ConfigError where the options do not fit each other or `sites`.
  Membership(const G& generator, Link link, int sites, const CentralOptions& options,
             bool waits_for_all)
      : options_(options),
        waits_for_all_(waits_for_all),
        run_(run_id(options)),
        link_(std::move(link)),
        roster_(sites, options) {
    const Shape fakes = generator.output_shape(
        {roster_.batches().largest(), options.input.channels(), options.height, options.width});
    limits_ = protocol::Limits::for_run(fakes, options.input.classes);
  }
  Membership(const Membership&) = delete;  // there is one link
  Membership& operator=(const Membership&) = delete;

  [[nodiscard]] Roster<G>& roster() { return roster_; }
  [[nodiscard]] const Roster<G>& roster() const { return roster_; }
  [[nodiscard]] Link& link() { return link_; }
  [[nodiscard]] protocol::RunId run() const { return run_; }

  /// Waits until enough sites have greeted, and gives them their places.
  ///
  /// Errors  ConfigError naming the site and what does not fit; TransportTimeout where too few
  ///         came within the patience; ProtocolError, TransportError as hear().
  void gather() {
    roster_.keep_out_expelled();
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
      hear(left, [](std::size_t, auto&) {
        throw ProtocolError("a part in a run that has not begun");  // no site has one
      });
    }
  }

  /// Tells the sites that have a place the run's facts: it begins, with `step`.
  ///
  /// Errors  SiteBehind.
  void begin(std::uint64_t step) {
    begin_step(step);
    for (std::size_t site = 0; site < roster_.size(); ++site) require_standing(site);
    begun_ = true;
    owed_since_ = options_.now();
    if (roster_.strict()) roster_.weigh();
    for (std::size_t site = 0; site < roster_.size(); ++site) {
      if (roster_.present(site)) welcome(site);
    }
  }
  /// Who comes from now on has its first part in `step`.
  void begin_step(std::uint64_t step) {
    step_ = step;
    complete_ = options_.now();
  }

  /// Takes in one message, or none within `limit`. take(site, message) has what a site that is
  /// present says of its part in the run: Masks or a Gradient. One that breaks the protocol, by
  /// take()'s judgement too, costs its sender the place; a greeting that nobody of this run would
  /// send, the connection alone.
  ///
  /// Errors  ProtocolError, TransportError naming the site, where the run cannot do without it;
  ///         ConfigError where it came back and no longer fits, SiteBehind where it cannot go on
  ///         with this step.
  template <class Take>
  void hear(Millis limit, const Take& take) {
    transport::Arrival arrival;
    try {
      if (options_.while_waiting) limit = std::min(limit, kGlance);
      arrival = link_.receive_any(std::max(limit, Millis(1)));
    } catch (const TransportTimeout&) {
      if (options_.while_waiting) options_.while_waiting();
      return;
    }
    const auto site = static_cast<std::size_t>(arrival.peer - 1);
    const bool refused = arrival.gone() && std::exchange(roster_[site].knows_why, false);
    if (roster_[site].presence == Presence::expelled) {
      if (!arrival.gone()) turn_away(site, "it was expelled from this run");
      return;
    }
    if (roster_[site].presence == Presence::elsewhere) {
      if (!arrival.gone()) (void)refuse(site, "another process of the centre serves it");
      return;
    }
    if (arrival.gone()) {
      if (refused) return;  // it had no place to lose
      lose<TransportError>(site, Presence::away, roster_.who(site) + " is gone");
      return;
    }
    try {
      auto received = protocol::decode(arrival.message, limits_);
      const bool greeting = std::holds_alternative<protocol::Hello>(received.message);
      if (received.header.run != run_ && !(greeting && received.header.run == 0)) {
        const std::string why = "run is " + std::to_string(received.header.run) + ", expected " +
                                std::to_string(run_) + ": a message of another run";
        if (!greeting) throw ProtocolError(why);
        turn_back(site, why);
        return;
      }
      auto& seat = roster_[site];
      seat.wire_version = received.header.version;
      const bool has_left = seat.presence == Presence::away && !seat.member.name.empty();
      if (has_left && !greeting) return;  // what it sent before it knew
      std::visit([&](auto& message) { heed(site, message, take); }, received.message);
    } catch (const protocol::WireVersionError& error) {
      roster_[site].wire_version = protocol::kWireVersion;  // the nearest to its own
      turn_back(site, error.what());
    } catch (const ProtocolError& error) {
      expel(site, error.what());
    }
  }

  /// Errors  as hear()'s, where the link does not take it.
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

  /// The run does not take it back. `why` is told to it.
  ///
  /// Errors  ProtocolError where the run cannot do without it.
  void expel(std::size_t site, const std::string& why) {
    lose<ProtocolError>(site, Presence::expelled, why);
  }

  /// Parts with sites that owe something for longer than the patience.
  ///
  /// Errors  TransportTimeout, TransportError where the run cannot do without them.
  void require_patience() {
    if (since(owed_since_) >= options_.patience) part_with_the_silent();
    if (roster_.enough()) {
      complete_ = options_.now();
    } else if (since(complete_) >= options_.grace) {
      throw TransportError(std::to_string(roster_.count(Presence::present)) +
                           " sites are left, expected " + std::to_string(roster_.minimum()) +
                           " or more");
    }
  }
  /// Until require_patience() may part with one.
  [[nodiscard]] Millis patience_left() const {
    const Millis left = remaining(owed_since_, options_.patience);
    return roster_.enough() ? left : std::min(left, remaining(complete_, options_.grace));
  }

  /// Tells every site that nothing follows.
  void dismiss(const std::string& reason) {
    for (std::size_t site = 0; site < roster_.size(); ++site) {
      if (roster_.present(site)) (void)tell(site, protocol::Goodbye{reason});
    }
  }

  /// Something that a person would want to know.
  void note(std::string news) { news_.push_back(std::move(news)); }
  /// Since the last call: who came, left, was expelled, and why.
  [[nodiscard]] std::vector<std::string> take_news() { return std::exchange(news_, {}); }

 private:
  template <class Take>
  void heed(std::size_t site, protocol::Hello& hello, const Take& /*take*/) {
    const auto& names = options_.names;
    if (site < names.size() && hello.site_name != names[site]) {
      turn_back(site, "it calls itself '" + hello.site_name + "', its place is that of '" +
                          names[site] + "'");
      return;
    }
    if (roster_.present(site)) lose<TransportError>(site, Presence::away, "came anew");
    roster_.greet(site, std::move(hello));
    if (!begun_ || !give_place(site)) return;
    require_standing(site);
    note(roster_.who(site) + " has come");
    welcome(site);
  }
  template <class Take>
  void heed(std::size_t site, protocol::Refusal& refusal, const Take& /*take*/) {
    lose<ProtocolError>(site, Presence::away, "refuses: " + refusal.reason);
  }
  template <class Take>
  void heed(std::size_t site, protocol::Goodbye& goodbye, const Take& /*take*/) {
    lose<TransportError>(site, Presence::away, "leaves: " + goodbye.reason);
  }
  template <class Message, class Take>
  void heed(std::size_t site, Message& message, const Take& take) {
    if constexpr (std::same_as<Message, protocol::Masks> ||
                  std::same_as<Message, protocol::Gradient>) {
      if (!roster_.present(site)) {
        throw ProtocolError(std::string(to_string(protocol::kind_of<Message>())) +
                            " before a hello");
      }
      take(site, message);
    } else {
      throw ProtocolError("a message that only the centre sends");
    }
  }

  /// A site that does not fit is told why, and stays out; a run that needs it ends.
  [[nodiscard]] bool give_place(std::size_t site) {
    try {
      roster_.give_place(site, limits_);
      return true;
    } catch (const ConfigError& error) {
      if (roster_.strict()) throw;
      note(error.what());
      (void)refuse(site, error.what());
      return false;
    }
  }

  /// Errors  SiteBehind; TransportError where other processes of the centre would not hear of it.
  void require_standing(std::size_t site) const {
    const auto& seat = roster_[site];
    if (!roster_.strict() || goes_on_with(seat.goes_on_with, step_)) return;
    const SiteBehind behind(roster_.who(site), step_, seat.goes_on_with);
    if (!begun_ || options_.replicas->size() == 1) throw SiteBehind(behind);
    throw TransportError(std::string(behind.what()) + "; started again, all go back");
  }

  void welcome(std::size_t site) {
    auto& seat = roster_[site];
    seat.next = roster_.batches().next(site, step_);
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
                   .every_step = roster_.strict() && waits_for_all_,
                   .gradient_encoding = options_.gradient_encoding.code(),
                   .gradient_share = options_.gradient_encoding.share()});
  }

  /// Throws E where the run cannot do without the site, or does not wait for it. `why` is what is
  /// wrong with it, or a link's whole sentence.
  template <class E>
  void lose(std::size_t site, Presence now, const std::string& why) {
    const bool news =
        roster_[site].presence != Presence::away || now == Presence::expelled || roster_.strict();
    if (now == Presence::expelled) roster_[site].knows_why = refuse(site, why);
    roster_.take_place(site, now);
    if (!news) return;
    const std::string who = roster_.who(site);
    const std::string text = why.starts_with(who) ? why : who + ": " + why;
    note(text);
    if (now == Presence::expelled && roster_.strict()) throw E(text);
    const bool needed = (begun_ || roster_.strict()) && !roster_.enough();
    if (needed && options_.grace.count() == 0) throw E(text);
  }

  /// Refuses a connection of a site that was updated too early, or set up wrongly. The place is
  /// free for it to come back to, and nobody else is concerned.
  void turn_back(std::size_t site, const std::string& why) {
    if (roster_.present(site)) lose<TransportError>(site, Presence::away, "came anew");
    if (std::exchange(roster_[site].knows_why, true)) return;
    (void)refuse(site, why);
    std::string news = "a connection of " + roster_.who(site) + " was refused: " + why;
    const bool told = std::find(news_.begin(), news_.end(), news) != news_.end();
    if (!told) note(std::move(news));  // it may try again and again before anybody reads this
  }
  /// Whoever is not heard is told why, once for every time that it comes.
  void turn_away(std::size_t site, const std::string& why) {
    auto& seat = roster_[site];
    if (!seat.knows_why) seat.knows_why = refuse(site, why);
  }
  /// It has no part in the run, or none any more, and something is to be done about it.
  bool refuse(std::size_t site, const std::string& why) {
    return tell(site, protocol::Refusal{step_, why});
  }
  /// A last word, to whoever may be gone already: false then.
  template <class Message>
  bool tell(std::size_t site, const Message& message) {
    try {
      link_.send(static_cast<transport::Peer>(site + 1),
                 protocol::encode(message, run_, writing_for(site)));
      return true;
    } catch (const TransportError&) {
      return false;
    }
  }
  /// As the site's version of the wire has it.
  [[nodiscard]] protocol::EncodeOptions writing_for(std::size_t site) const {
    const std::uint16_t version = roster_[site].wire_version;
    // Version 2 does not know packed label maps.
    return {.label_maps = version > 2 ? options_.label_maps_encoding : protocol::AnyLabelEncoding(),
            .tensors = options_.fakes_encoding,
            .version = version};
  }

  void part_with_the_silent() {
    auto first = options_.now();
    for (std::size_t site = 0; site < roster_.size(); ++site) {
      const auto& seat = roster_[site];
      if (!seat.owes()) continue;
      if (since(seat.waiting_since()) < options_.patience) {
        first = std::min(first, seat.waiting_since());
        continue;
      }
      lose<TransportTimeout>(
          site, Presence::away,
          "did not answer within " + std::to_string(options_.patience.count()) + " ms");
    }
    owed_since_ = first;
  }

  [[nodiscard]] Millis since(Clock::time_point begin) const {
    return std::chrono::duration_cast<Millis>(options_.now() - begin);
  }
  [[nodiscard]] Millis remaining(Clock::time_point begin, Millis limit) const {
    return limit - since(begin);
  }

  const CentralOptions& options_;
  bool waits_for_all_;
  protocol::RunId run_;
  Link link_;
  protocol::Limits limits_;
  Roster<G> roster_;
  std::uint64_t step_ = 0;           // that whoever comes begins with
  bool begun_ = false;               // the run
  Clock::time_point complete_ = {};  // when there were last enough sites
  Clock::time_point owed_since_ =
      {};  // by a site, at the earliest: so not all are looked at always
  std::vector<std::string> news_;
};

}  // namespace asyndgan::federation
