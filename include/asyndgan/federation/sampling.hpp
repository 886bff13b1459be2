// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/random.hpp"

namespace asyndgan::federation {

/// How many label maps each site contributes to a step.
enum class Sampling {
  balanced,  // `batch` from every site: small sites are seen more often than their share
  pooled,    // `batch` times the number of sites, drawn from the union of all sites
};

/// Batch size of every site at one step. Under pooled sampling they sum to `batch` for each site
/// that has samples, and one may get 0 and sit the step out.
///
/// Requires  batch >= 1; a count >= 1 under pooled sampling.
[[nodiscard]] inline std::vector<int> batch_sizes(Sampling sampling, int batch,
                                                  std::span<const std::int64_t> counts,
                                                  const random::Key& key) {
  if (batch < 1) throw ContractViolation("batch_sizes: batch must be at least 1");
  std::vector<int> sizes(counts.size(), batch);
  if (sampling == Sampling::balanced) return sizes;

  sizes.assign(counts.size(), 0);
  const auto total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), 0LL));
  const auto sites = counts.size() - static_cast<std::size_t>(
                                         std::count(counts.begin(), counts.end(), std::int64_t{0}));
  random::Sequence draws(key);
  for (std::size_t i = 0; i < sites * static_cast<std::size_t>(batch); ++i) {
    double position = draws.uniform() * total;  // below it
    std::size_t site = 0;
    while (position >= static_cast<double>(counts[site])) {
      position -= static_cast<double>(counts[site++]);
    }
    ++sizes[site];
  }
  return sizes;
}

/// The part of a site in the steps of a run.
struct NextBatch {
  std::uint64_t step = 0;  // the first one that the site has a part in
  int size = 0;            // its label maps there; 0 past the end of the run
};

/// Which site contributes how many label maps to which step: a function of the seed and the step
/// alone, so that a site can be told of its next part beforehand, and a resumed run goes on as an
/// uninterrupted one would.
class BatchPlan {
 public:
  struct Options {
    Sampling sampling = Sampling::balanced;
    int batch = 1;
    std::uint64_t seed = 0;   // of the run
    std::uint64_t steps = 0;  // of the run
  };

  /// `counts` are the samples of every site; what they are matters to pooled sampling alone.
  BatchPlan(const Options& options, std::vector<std::int64_t> counts)
      : options_(options), counts_(std::move(counts)) {}

  /// Batch size of every site at `step`.
  [[nodiscard]] std::vector<int> sizes(std::uint64_t step) const {
    return batch_sizes(options_.sampling, options_.batch, counts_,
                       {.seed = options_.seed,
                        .step = static_cast<std::uint32_t>(step),
                        .purpose = random::Purpose::sample_masks});
  }

  /// The site's next part, from `step` on.
  [[nodiscard]] NextBatch next(std::size_t site, std::uint64_t step) const {
    for (; step < options_.steps; ++step) {
      if (const int size = sizes(step)[site]; size > 0) return {step, size};
    }
    return {options_.steps, 0};
  }

  /// The most that a site can be asked for.
  [[nodiscard]] int largest() const {
    return options_.sampling == Sampling::balanced
               ? options_.batch
               : options_.batch * static_cast<int>(counts_.size());
  }

 private:
  Options options_;
  std::vector<std::int64_t> counts_;
};

/// The order in which a site goes through its samples: a fresh permutation each epoch, without
/// end. Position p is a function of the key and p alone, so a resumed run draws what an
/// uninterrupted one would.
class EpochSampler {
 public:
  /// Requires  count >= 1. The key's `step` is replaced by the epoch.
  EpochSampler(std::size_t count, const random::Key& key) : order_(count), key_(key) {
    if (count == 0) throw ContractViolation("EpochSampler: no samples to draw from");
    shuffle(0);
  }

  /// The samples at positions [first, first + size).
  [[nodiscard]] std::vector<std::size_t> draw(std::int64_t first, int size) {
    std::vector<std::size_t> samples;
    samples.reserve(static_cast<std::size_t>(size));
    const auto count = static_cast<std::int64_t>(order_.size());
    for (std::int64_t position = first; position < first + size; ++position) {
      if (const auto epoch = static_cast<std::uint32_t>(position / count); epoch != epoch_) {
        shuffle(epoch);
      }
      samples.push_back(order_[static_cast<std::size_t>(position % count)]);
    }
    return samples;
  }

 private:
  void shuffle(std::uint32_t epoch) {  // Fisher and Yates
    epoch_ = epoch;
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    random::Key key = key_;
    key.step = epoch;
    random::Sequence draws(key);
    for (std::size_t i = order_.size(); i > 1; --i) {
      std::swap(order_[i - 1], order_[draws.below(static_cast<std::uint32_t>(i))]);
    }
  }

  std::vector<std::size_t> order_;
  random::Key key_;
  std::uint32_t epoch_ = 0;
};

/// `count` of the label maps `from`, independent of each other, for a site that keeps its own.
/// The key's purpose is replaced.
///
/// Requires  from.n >= 1.
[[nodiscard]] inline LabelMap draw_maps(const LabelMap& from, int count, random::Key key) {
  key.purpose = random::Purpose::sample_masks;
  const random::Stream draws(key);
  LabelMap maps(count, from.h, from.w);
  for (std::size_t n = 0; n < static_cast<std::size_t>(count); ++n) {
    const auto chosen = draws.below(n, static_cast<std::uint32_t>(from.n));
    std::copy_n(from.labels.data() + chosen * from.plane(), from.plane(),
                maps.labels.data() + n * maps.plane());
  }
  return maps;
}

}  // namespace asyndgan::federation
