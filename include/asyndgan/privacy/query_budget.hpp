// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/log.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/privacy/policy.hpp"

namespace asyndgan::privacy {

/// Counts how often each real sample of a site has answered a fake. The site, not the centre,
/// chooses the sample, and spends before it computes.
///
/// Errors   PolicyError when a limit is reached; logged as a warning and counted. Nothing has
///          then been spent.
/// Threads  one at a time.
class QueryBudget {
 public:
  QueryBudget(std::size_t samples, const SitePolicy& policy)
      : per_sample_limit_(policy.queries_per_sample),
        site_limit_(policy.queries_per_site),
        per_sample_(samples, 0) {}

  [[nodiscard]] bool may_ask(std::size_t sample) const {
    return below(site_spent_, site_limit_) && below(per_sample_.at(sample), per_sample_limit_);
  }

  /// One query of each of `samples`, all or none; a sample may be named several times.
  void spend(std::span<const std::size_t> samples) {
    std::size_t granted = 0;
    for (; granted < samples.size() && may_ask(samples[granted]); ++granted) {
      ++per_sample_[samples[granted]];
      ++site_spent_;
    }
    if (granted == samples.size()) return;
    const std::string reason = why_not();
    for (std::size_t i = 0; i < granted; ++i) --per_sample_[samples[i]];
    site_spent_ -= static_cast<std::int64_t>(granted);
    ++refusals_;
    log(LogLevel::warning, "query refused: " + reason);
    throw PolicyError(reason);
  }
  void spend(std::size_t sample) { spend(std::span(&sample, 1)); }

  [[nodiscard]] std::int64_t spent() const { return site_spent_; }
  [[nodiscard]] std::int64_t spent(std::size_t sample) const { return per_sample_.at(sample); }
  [[nodiscard]] std::int64_t refusals() const { return refusals_; }

  /// No count falls behind that of `spent`, a budget of the same samples.
  void count_at_least(const QueryBudget& spent) {
    for (std::size_t i = 0; i < per_sample_.size(); ++i) {
      per_sample_[i] = std::max(per_sample_[i], spent.per_sample_.at(i));
    }
    site_spent_ = std::max(site_spent_, spent.site_spent_);
    refusals_ = std::max(refusals_, spent.refusals_);
  }

  /// "<prefix>.per_sample", "<prefix>.site", "<prefix>.refusals" among the counters: a resumed
  /// run has spent what it had.
  template <std::floating_point T, Device D>
  void collect(const std::string& prefix, State<T, D>& state) {
    state.counters.push_back({prefix + ".per_sample", per_sample_.data(), per_sample_.size()});
    state.counters.push_back({prefix + ".site", &site_spent_});
    state.counters.push_back({prefix + ".refusals", &refusals_});
  }

 private:
  [[nodiscard]] static bool below(std::int64_t count, std::uint64_t limit) {
    return limit == 0 || static_cast<std::uint64_t>(count) < limit;
  }

  // Names no sample: the text may reach the centre in a Refusal.
  [[nodiscard]] std::string why_not() const {
    return below(site_spent_, site_limit_)
               ? "a real sample has answered " + std::to_string(per_sample_limit_) +
                     " fakes, the policy's \"queries_per_sample\""
               : "the site has answered " + std::to_string(site_limit_) +
                     " fakes, the policy's \"queries_per_site\"";
  }

  std::uint64_t per_sample_limit_;
  std::uint64_t site_limit_;
  std::vector<std::int64_t> per_sample_;
  std::int64_t site_spent_ = 0;
  std::int64_t refusals_ = 0;
};

}  // namespace asyndgan::privacy
