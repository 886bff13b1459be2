// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
    const Block own = block_of(*options.replicas, size());
    for (std::size_t site = 0; site < size(); ++site) {
      if (!own.has(site)) seats_[site].presence = Presence::elsewhere;
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
  [[nodiscard]] int count(Presence presence) const {
    return static_cast<int>(std::count_if(
        begin(), end(), [presence](const auto& seat) { return seat.presence == presence; }));
  }
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

  /// In errors. A place that nobody has taken yet has no name.
  [[nodiscard]] std::string who(std::size_t site) const {
    const std::string& name = seats_[site].member.name;
    return name.empty() ? "site " + std::to_string(site + 1) : "site '" + name + "'";
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
    fresh.presence = Presence::greeted;
    fresh.conduct = seats_[site].conduct;
    fresh.conduct.last_sent = 0;  // it may have to send that again
    fresh.wire_version = seats_[site].wire_version;
    seats_[site] = std::move(fresh);
  }

  /// Makes a site that has greeted one of those present.
  ///
  /// Errors  ConfigError naming the site and what of it does not fit; it is away then.
  void give_place(std::size_t site, const protocol::Limits& limits) {
    auto& seat = seats_[site];
    try {
      require_fitting(seat.member, *options_, limits);
      seat.presence = Presence::present;
      require_agreement(known_members());
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
    require_agreement(known_members());
  }

  /// Takes it, and what is under way with it.
  void take_place(std::size_t site, Presence now) {
    auto& seat = seats_[site];
    seat.presence = now;
    seat.asked.reset();
    seat.answers.clear();
    seat.ready = false;
    if (!strict() && count(Presence::present) > 0) weigh();
  }

  /// Shares of those present, here or elsewhere, and the plan of their batches.
  ///
  /// Errors  ConfigError where what a site told is not enough for the weighting or sampling.
  void weigh() {
    auto members = known_members();
    std::vector<double> given = options_->site_weights;
    if (given.size() == size()) {
      std::size_t site = 0;  // those of the sites that are there
      std::erase_if(given, [&](double) { return !known(site++); });
    }
    const auto counts = federation::weigh(members, options_->weighting, options_->sampling, given);
    std::vector<std::int64_t> by_rank(size(), 0);
    std::size_t next = 0;
    for (std::size_t site = 0; site < size(); ++site) {
      seats_[site].member.weight = known(site) ? members[next].weight : 0;
      if (known(site)) by_rank[site] = counts[next++];
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

  /// Of the gradients that the sites sent last, but for one site.
  [[nodiscard]] std::vector<double> magnitudes_beside(std::size_t left_out) const {
    std::vector<double> magnitudes;
    for (std::size_t site = 0; site < size(); ++site) {
      if (site != left_out) magnitudes.push_back(seats_[site].conduct.magnitude);
    }
    return magnitudes;
  }
  /// What a gradient of this magnitude is multiplied with, so that it stays below the cap.
  [[nodiscard]] double cap(double magnitude) const {
    if (options_->norm_cap == 0) return 1;
    std::vector<double> all;
    for (const auto& seat : seats_) all.push_back(seat.conduct.magnitude);
    const double most = options_->norm_cap * typical_magnitude(all);
    return magnitude > most ? most / magnitude : 1;
  }
  template <class State>
  void collect_magnitudes(State& state) {
    for (std::size_t site = 0; site < size(); ++site) {
      state.reals.push_back(
          {"magnitude." + std::to_string(site + 1), &seats_[site].conduct.magnitude});
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
  /// Present, or introduced by another process of the centre.
  [[nodiscard]] bool known(std::size_t site) const {
    const auto& seat = seats_[site];
    return seat.presence == Presence::present ||
           (seat.presence == Presence::elsewhere && !seat.member.facts.channels.empty());
  }
  [[nodiscard]] std::vector<Member> known_members() const {
    std::vector<Member> members;
    for (std::size_t site = 0; site < size(); ++site) {
      if (known(site)) members.push_back(seats_[site].member);
    }
    return members;
  }

  const CentralOptions* options_;
  std::vector<Seat<G>> seats_;
  BatchPlan batches_;
};

}  // namespace asyndgan::federation
