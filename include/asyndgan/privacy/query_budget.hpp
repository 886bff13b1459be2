// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/log.hpp"
#include "asyndgan/privacy/policy.hpp"

namespace asyndgan::privacy {

/// Counts how often each real sample of a site has answered a fake. The site, not the centre,
/// chooses the sample: it draws among those with may_ask() and spends before it computes.
///
/// Errors   PolicyError when a limit is reached; logged as a warning and counted. Nothing has
///          then been spent.
/// Threads  one at a time.
class QueryBudget {
 public:
  /// What a resumed run needs.
  struct Record {
    std::vector<std::uint64_t> per_sample;
    std::uint64_t refusals = 0;
  };

  QueryBudget(std::size_t samples, const SitePolicy& policy)
      : per_sample_limit_(policy.queries_per_sample),
        site_limit_(policy.queries_per_site),
        record_{std::vector<std::uint64_t>(samples), 0} {}

  [[nodiscard]] bool may_ask(std::size_t sample) const {
    return below(site_spent_, site_limit_) &&
           below(record_.per_sample.at(sample), per_sample_limit_);
  }

  /// One query of each of `samples`, all or none; a sample may be named several times.
  void spend(std::span<const std::size_t> samples) {
    std::size_t granted = 0;
    for (; granted < samples.size() && may_ask(samples[granted]); ++granted) {
      ++record_.per_sample[samples[granted]];
      ++site_spent_;
    }
    if (granted == samples.size()) return;
    const std::string reason = why_not();
    for (std::size_t i = 0; i < granted; ++i) --record_.per_sample[samples[i]];
    site_spent_ -= granted;
    ++record_.refusals;
    log(LogLevel::warning, "query refused: " + reason);
    throw PolicyError(reason);
  }
  void spend(std::size_t sample) { spend(std::span(&sample, 1)); }

  [[nodiscard]] std::uint64_t spent() const { return site_spent_; }
  [[nodiscard]] std::uint64_t spent(std::size_t sample) const {
    return record_.per_sample.at(sample);
  }
  [[nodiscard]] std::uint64_t refusals() const { return record_.refusals; }

  [[nodiscard]] const Record& record() const { return record_; }
  /// Throws CheckpointError unless the record is of as many samples.
  void restore(Record record) {
    if (record.per_sample.size() != record_.per_sample.size()) {
      throw CheckpointError("query budget of " + std::to_string(record.per_sample.size()) +
                            " samples, expected " + std::to_string(record_.per_sample.size()));
    }
    record_ = std::move(record);
    site_spent_ = 0;
    for (const std::uint64_t count : record_.per_sample) site_spent_ += count;
  }

 private:
  [[nodiscard]] static bool below(std::uint64_t count, std::uint64_t limit) {
    return limit == 0 || count < limit;
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
  std::uint64_t site_spent_ = 0;
  Record record_;
};

}  // namespace asyndgan::privacy
