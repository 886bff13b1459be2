// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/metrics/quantile.hpp"

namespace asyndgan::metrics {

/// A score over the cases of a test set.
struct Summary {
  std::size_t count = 0;  // cases that have the score
  double mean = 0;
  double standard_deviation = 0;  // between cases, n - 1; 0 for one case
  double low = 0;                 // of the mean's interval
  double high = 0;
};

struct SummaryOptions {
  double level = 0.95;
  int resamples = 2000;  // the interval's ends move by about 2 % of its width with the seed
  std::uint64_t seed = 0;
};

/// Mean, spread and bootstrap interval (percentile method) of one value per case. To compare
/// two models on the same cases, summarize the differences.
///
/// Ensures  the same values and seed give the same interval; no values, a count of 0.
/// Source   Efron & Tibshirani 1993, "An introduction to the bootstrap", section 13.3.
[[nodiscard]] inline Summary summarize(std::span<const double> values,
                                       const SummaryOptions& options = {}) {
  if (!(options.level > 0 && options.level < 1) || options.resamples < 1) {
    throw ContractViolation("summarize: level must be in (0, 1), resamples at least 1");
  }
  Summary summary{.count = values.size()};
  if (values.empty()) return summary;
  const auto count = static_cast<double>(values.size());
  summary.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  if (values.size() == 1) {
    summary.low = summary.high = summary.mean;
    return summary;
  }
  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  summary.standard_deviation = std::sqrt(squares / (count - 1));

  const random::Stream stream({.seed = options.seed, .purpose = random::Purpose::bootstrap});
  std::vector<double> means(static_cast<std::size_t>(options.resamples));
  std::uint64_t draw = 0;
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      sum += values[stream.below(draw++, static_cast<std::uint32_t>(values.size()))];
    }
    mean = sum / count;
  }
  summary.low = quantile(means, (1 - options.level) / 2);
  summary.high = quantile(std::move(means), (1 + options.level) / 2);
  return summary;
}

/// As above, over the cases that have the score: an absent class is left out, not counted 0.
[[nodiscard]] inline Summary summarize(std::span<const std::optional<double>> values,
                                       const SummaryOptions& options = {}) {
  std::vector<double> present;
  for (const auto& value : values) {
    if (value) present.push_back(*value);
  }
  return summarize(std::span<const double>(present), options);
}

/// The images of one patient.
struct Case {
  std::string id;
  std::vector<std::size_t> images;  // indices, in the order given
};

/// Gathers images by patient, in order of first appearance. Slices of one patient resemble each
/// other: scores are taken per patient and then averaged, or the interval would be too narrow.
[[nodiscard]] inline std::vector<Case> group_by_case(std::span<const std::string> case_ids) {
  std::vector<Case> cases;
  for (std::size_t i = 0; i < case_ids.size(); ++i) {
    const auto known = std::find_if(cases.begin(), cases.end(),
                                    [&](const Case& c) { return c.id == case_ids[i]; });
    if (known == cases.end()) {
      cases.push_back({case_ids[i], {i}});
    } else {
      known->images.push_back(i);
    }
  }
  return cases;
}

}  // namespace asyndgan::metrics
