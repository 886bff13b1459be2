// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/federation/central_options.hpp"
#include "asyndgan/federation/member.hpp"
#include "asyndgan/federation/replicas.hpp"
#include "asyndgan/federation/sampling.hpp"
#include "asyndgan/federation/screening.hpp"
#include "asyndgan/federation/seat.hpp"
#include "asyndgan/federation/weighting.hpp"
#include "asyndgan/networks/network.hpp"
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/protocol/limits.hpp"

namespace asyndgan::federation {

/// The places of a run, by rank: who has which, how much each one's gradient counts, and which
/// batches follow from that.
template <networks::Generator G>
class Roster {
 public:
  /// `options` outlives the roster.
  ///
  /// Errors  ConfigError where the options do not fit each other or `sites`.
  Roster(int sites, const CentralOptions& options)
      : options_(&options),
        seats_(require_sites(sites, options)),
        batches_(batch_options(), std::vector<std::int64_t>(seats_.size(), 1)) {
    counts_[index(Presence::away)] = sites;
    const Block own = block_of(*options.replicas, size());
    for (std::size_t site = 0; site < size(); ++site) {
      if (!own.has(site)) move(site, Presence::elsewhere);
    }
  }

  [[nodiscard]] std::size_t size() const { return seats_.size(); }
  [[nodiscard]] Seat<G>& operator[](std::size_t site) { return seats_[site]; }
  [[nodiscard]] const Seat<G>& operator[](std::size_t site) const { return seats_[site]; }
  [[nodiscard]] auto begin() const { return seats_.begin(); }
  [[nodiscard]] auto end() const { return seats_.end(); }
  [[nodiscard]] BatchPlan& batches() { return batches_; }

  [[nodiscard]] bool present(std::size_t site) const {
    return seats_[site].presence == Presence::present;
  }
  [[nodiscard]] int count(Presence presence) const { return counts_[index(presence)]; }
  /// Sites without which the run does not go on, of those that this process serves.
  [[nodiscard]] int minimum() const {
    return strict() ? static_cast<int>(size()) - count(Presence::elsewhere)
                    : options_->minimum_sites;
  }
  /// No site may miss a step.
  [[nodiscard]] bool strict() const {
    return options_->minimum_sites == 0 || options_->minimum_sites == static_cast<int>(size());
  }
  [[nodiscard]] bool enough() const { return count(Presence::present) >= minimum(); }

  /// In errors. A place that nobody has taken yet may have no name.
  [[nodiscard]] std::string who(std::size_t site) const {
    const std::string& name = seats_[site].member.name;
    if (!name.empty()) return "site '" + name + "'";
    if (site < options_->names.size()) return "site '" + options_->names[site] + "'";
    return "site " + std::to_string(site + 1);
  }
  /// Requires  fewer than minimum() have greeted or are present.
  [[nodiscard]] std::string first_missing() const {
    std::size_t site = 0;
    while (seats_[site].presence == Presence::greeted || has_part(seats_[site].presence)) ++site;
    return who(site);
  }

  /// A site says what it is. Where its place was kept, so is what it counts and how it behaved.
  void greet(std::size_t site, protocol::Hello hello) {
    Seat<G> fresh;
    fresh.member = {std::move(hello.site_name), std::move(hello.facts).value(),
                    seats_[site].member.weight};
    fresh.goes_on_with = std::move(hello.goes_on_with);
    fresh.presence = seats_[site].presence;
    fresh.conduct = seats_[site].conduct;
    if (strict()) fresh.conduct.last_sent = 0;  // it may have to send that again
    fresh.wire_version = seats_[site].wire_version;
    seats_[site] = std::move(fresh);
    move(site, Presence::greeted);
  }

  /// Makes a site that has greeted one of those present.
  ///
  /// Errors  ConfigError naming the site and what of it does not fit; it is away then.
  void give_place(std::size_t site, const protocol::Limits& limits) {
    auto& seat = seats_[site];
    try {
      require_fitting(seat.member, *options_, limits);
      require_newcomer_agrees(site);
      move(site, Presence::present);
      known_.emplace(seat.member.name, site);
      if (!strict()) weigh();
    } catch (const ConfigError&) {
      take_place(site, Presence::away);
      throw;
    }
  }

  /// What another process of the centre says of a site that it serves.
  ///
  /// Errors  as give_place().
  void introduce(std::size_t site, const Member& member) {
    seats_[site].member = member;
    require_newcomer_agrees(site);
    known_.emplace(member.name, site);
  }

  /// Takes it, and what is under way with it. Where every site counts, nobody stays expelled beyond
  /// the end that this puts to the run: without the site it could not go on.
  void take_place(std::size_t site, Presence now) {
    auto& seat = seats_[site];
    move(site, now);
    if (now == Presence::expelled && !strict()) seat.conduct.expelled = 1;
    if (const auto held = known_.find(seat.member.name);
        held != known_.end() && held->second == site) {
      known_.erase(held);
    }
    seat.asked.reset();
    seat.answers.clear();
    seat.ready = false;
    if (!strict() && count(Presence::present) > 0) weigh();
  }

  /// Those that the run had expelled before it was resumed are so still.
  void keep_out_expelled() {
    for (std::size_t site = 0; site < size(); ++site) {
      if (seats_[site].conduct.expelled != 0 && !strict()) move(site, Presence::expelled);
    }
  }

  /// Shares of those present, here or elsewhere, and the plan of their batches.
  ///
  /// Errors  ConfigError where what a site told is not enough for the weighting or sampling.
  void weigh() {
    std::vector<Member*> members;
    for (std::size_t site = 0; site < size(); ++site) {
      if (known(site)) members.push_back(&seats_[site].member);
    }
    std::vector<double> given = options_->site_weights;
    if (given.size() == size()) {
      std::size_t site = 0;  // those of the sites that are there
      std::erase_if(given, [&](double) { return !known(site++); });
    }
    const auto counts = federation::weigh(members, options_->weighting, options_->sampling, given);
    std::vector<std::int64_t> by_rank(size(), 0);
    std::size_t next = 0;
    for (std::size_t site = 0; site < size(); ++site) {
      if (known(site)) {
        by_rank[site] = counts[next++];
      } else {
        seats_[site].member.weight = 0;
      }
    }
    batches_ = BatchPlan(batch_options(), std::move(by_rank));
  }

  /// pi_j by rank; 0 for a site that is not there.
  [[nodiscard]] std::vector<double> shares() const {
    std::vector<double> shares;
    shares.reserve(size());
    for (const auto& seat : seats_) shares.push_back(seat.member.weight);
    return shares;
  }

  /// Of the gradients that the sites sent last.
  [[nodiscard]] Magnitudes magnitudes() const {
    std::vector<double> all;
    all.reserve(size());
    for (const auto& seat : seats_) all.push_back(seat.conduct.magnitude);
    return Magnitudes(std::move(all));
  }
  /// The magnitude that a larger gradient is scaled down to; infinite without a cap.
  [[nodiscard]] double cap() const {
    if (options_->norm_cap == 0) return std::numeric_limits<double>::infinity();
    return options_->norm_cap * magnitudes().typical();
  }

  /// How the sites have behaved. Where every site counts the first fault ends the run, and whoever
  /// comes anew may repeat itself: there is no more to know than how large gradients are.
  template <class State>
  void collect(State& state) {
    for (std::size_t site = 0; site < size(); ++site) {
      Conduct& conduct = seats_[site].conduct;
      const std::string rank = "." + std::to_string(site + 1);
      state.reals.push_back({"magnitude" + rank, &conduct.magnitude});
      if (strict()) continue;
      state.counters.push_back({"last_sent" + rank, &conduct.last_sent});
      state.counters.push_back({"strikes" + rank, &conduct.strikes});
      state.counters.push_back({"expelled" + rank, &conduct.expelled});
    }
  }

 private:
  [[nodiscard]] static std::size_t require_sites(int sites, const CentralOptions& options) {
    if (sites < 1) throw ConfigError("a federation needs at least one site, none was given");
    if (options.minimum_sites < 0 || options.minimum_sites > sites) {
      throw ConfigError("minimum sites: " + std::to_string(options.minimum_sites) +
                        " given, expected 0 to " + std::to_string(sites));
    }
    if (!(options.norm_cap >= 0)) {
      throw ConfigError("norm cap: " + std::to_string(options.norm_cap) +
                        " given, expected 0 or more");
    }
    if (options.sampling == Sampling::pooled && options.weighting == Weighting::by_count) {
      throw ConfigError(
          "weighting by count and pooled sampling both count a large site's images more often: "
          "choose one of them");
    }
    return static_cast<std::size_t>(sites);
  }
  [[nodiscard]] BatchPlan::Options batch_options() const {
    return {.sampling = options_->sampling,
            .batch = options_->batch,
            .seed = options_->seed,
            .steps = options_->steps};
  }
  [[nodiscard]] static std::size_t index(Presence presence) {
    return static_cast<std::size_t>(presence);
  }
  void move(std::size_t site, Presence now) {
    --counts_[index(seats_[site].presence)];
    ++counts_[index(now)];
    seats_[site].presence = now;
  }
  /// Present, or introduced by another process of the centre.
  [[nodiscard]] bool known(std::size_t site) const {
    const auto& seat = seats_[site];
    return seat.presence == Presence::present ||
           (seat.presence == Presence::elsewhere && !seat.member.facts.channels.empty());
  }
  /// With those that are known, who agree with each other: a name stands for one site, in errors
  /// and on disk.
  void require_newcomer_agrees(std::size_t site) const {
    if (known_.empty()) return;
    const Member& newcomer = seats_[site].member;
    require_agreement(newcomer, seats_[known_.begin()->second].member);
    const auto holder = known_.find(newcomer.name);
    if (holder != known_.end() && holder->second != site) {
      throw ConfigError("two sites call themselves '" + newcomer.name + "'");
    }
  }

  const CentralOptions* options_;
  std::vector<Seat<G>> seats_;
  std::array<int, 5> counts_ = {};            // of sites, by their presence
  std::map<std::string, std::size_t> known_;  // sites by their names
  BatchPlan batches_;
};

}  // namespace asyndgan::federation
