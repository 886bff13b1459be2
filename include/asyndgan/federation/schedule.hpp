// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <variant>

namespace asyndgan::federation {

/// Where a step of the generator stands. Sites that have no part in it do not count.
struct Tally {
  int answered = 0;                        // gradients that came in time to be used
  int pending = 0;                         // sites that are asked for this step, or about to be
  int late = 0;                            // sites whose gradient is of an earlier step
  std::chrono::milliseconds elapsed = {};  // since the step began
};

/// When the generator takes a step, and what a gradient counts whose fakes are older than it.
///
/// Requires  enough() is asked with answered >= 1 alone.
/// Ensures   enough() is true once nobody is pending or late: nothing else would come.
///           weight(0) is 1; a gradient of weight 0 is dropped. deadline() is the elapsed time at
///           which enough() may change its mind by itself. waits_for_all() says that no site
///           that has a part in a step misses it.
/// Threads   const, any number at once.
///
/// Models    Lockstep, Quorum, BoundedStaleness; AnySchedule holds any of them.
template <class S>
concept Schedule = std::copyable<S> &&
    requires(const S& schedule, const Tally& tally, std::uint64_t age) {
  { schedule.enough(tally) } -> std::same_as<bool>;
  { schedule.weight(age) } -> std::same_as<double>;
  { schedule.deadline() } -> std::same_as<std::chrono::milliseconds>;
  { schedule.waits_for_all() } -> std::same_as<bool>;
};

/// A deadline that never comes, far from what arithmetic on clocks overflows at.
inline constexpr std::chrono::milliseconds kNoDeadline = std::chrono::hours(24 * 365);

/// Every site answers before the generator moves.
/// Source  Chang et al. 2020 (CVPR), Algorithm 1.
struct Lockstep {
  [[nodiscard]] bool enough(const Tally& tally) const {
    return tally.pending == 0 && tally.late == 0;
  }
  [[nodiscard]] double weight(std::uint64_t age) const { return age == 0 ? 1 : 0; }
  [[nodiscard]] std::chrono::milliseconds deadline() const { return kNoDeadline; }
  [[nodiscard]] bool waits_for_all() const { return true; }
};
static_assert(Schedule<Lockstep>);

/// The generator moves once all have answered that were asked, or at a deadline if enough have. A
/// gradient that comes later is dropped, and its site gets the next fakes.
struct Quorum {
  std::chrono::milliseconds patience = std::chrono::seconds(5);
  int sites = 1;  // that must have answered by then

  [[nodiscard]] bool enough(const Tally& tally) const {
    if (tally.pending == 0 && (tally.late == 0 || tally.answered >= sites)) return true;
    return tally.elapsed >= patience && tally.answered >= sites;
  }
  [[nodiscard]] double weight(std::uint64_t age) const { return age == 0 ? 1 : 0; }
  [[nodiscard]] std::chrono::milliseconds deadline() const { return patience; }
  [[nodiscard]] bool waits_for_all() const { return false; }
};
static_assert(Schedule<Quorum>);

/// The generator moves with every few gradients, whosever they are; each site gets new fakes as
/// soon as it has answered. A gradient counts 1 / (1 + age), and nothing past the bound.
/// Source  Zhang et al. 2016, Staleness-aware Async-SGD (arXiv:1511.05950), which divides by the
///         age and counts it from 1.
struct BoundedStaleness {
  std::uint64_t bound = 32;  // versions of the generator
  int gather = 1;            // gradients to a step

  [[nodiscard]] bool enough(const Tally& tally) const {
    return tally.answered >= gather || (tally.pending == 0 && tally.late == 0);
  }
  [[nodiscard]] double weight(std::uint64_t age) const {
    return age > bound ? 0 : 1 / (1 + static_cast<double>(age));
  }
  [[nodiscard]] std::chrono::milliseconds deadline() const { return kNoDeadline; }
  [[nodiscard]] bool waits_for_all() const { return false; }
};
static_assert(Schedule<BoundedStaleness>);

/// A schedule chosen at run time.
class AnySchedule {
 public:
  template <class S>
  requires(!std::same_as<S, AnySchedule>) AnySchedule(const S& schedule)  // as std::variant is
      : schedule_(schedule) {}

  [[nodiscard]] bool enough(const Tally& tally) const {
    return std::visit([&](const auto& schedule) { return schedule.enough(tally); }, schedule_);
  }
  [[nodiscard]] double weight(std::uint64_t age) const {
    return std::visit([&](const auto& schedule) { return schedule.weight(age); }, schedule_);
  }
  [[nodiscard]] std::chrono::milliseconds deadline() const {
    return std::visit([](const auto& schedule) { return schedule.deadline(); }, schedule_);
  }
  [[nodiscard]] bool waits_for_all() const {
    return std::visit([](const auto& schedule) { return schedule.waits_for_all(); }, schedule_);
  }

 private:
  std::variant<Lockstep, Quorum, BoundedStaleness> schedule_;
};
static_assert(Schedule<AnySchedule>);

}  // namespace asyndgan::federation
