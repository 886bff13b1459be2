// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace asyndgan::privacy {

/// A step's losses at a site, each a mean over `samples` real samples.
struct Losses {
  double discriminator_real = 0;
  double discriminator_fake = 0;
  double generator = 0;       // the whole objective on the fakes
  std::uint64_t samples = 0;  // that the means are over

  friend bool operator==(const Losses&, const Losses&) = default;
};

/// Means of the losses since they were last released, for sites whose batches are smaller than
/// the policy's minimum.
class LossAverage {
 public:
  /// Adds a batch's means, weighted by its samples.
  void add(const Losses& batch) {
    const auto weight = static_cast<double>(batch.samples);
    sums_.discriminator_real += weight * batch.discriminator_real;
    sums_.discriminator_fake += weight * batch.discriminator_fake;
    sums_.generator += weight * batch.generator;
    samples_ += static_cast<std::int64_t>(batch.samples);
  }

  [[nodiscard]] std::uint64_t samples() const { return static_cast<std::uint64_t>(samples_); }

  /// Requires  samples() > 0.
  [[nodiscard]] Losses mean() const {
    const auto count = static_cast<double>(samples_);
    return {sums_.discriminator_real / count, sums_.discriminator_fake / count,
            sums_.generator / count, samples()};
  }

  /// Under "<prefix>." among the reals and the counters.
  template <class State>
  void collect(const std::string& prefix, State& state) {
    state.reals.push_back({prefix + ".discriminator_real", &sums_.discriminator_real});
    state.reals.push_back({prefix + ".discriminator_fake", &sums_.discriminator_fake});
    state.reals.push_back({prefix + ".generator", &sums_.generator});
    state.counters.push_back({prefix + ".samples", &samples_});
  }

 private:
  Losses sums_;  // each loss times its samples
  std::int64_t samples_ = 0;
};

/// What a site says of itself when it joins: nothing that depends on a single image.
struct SiteFacts {
  std::uint64_t samples = 0;          // 0: the policy keeps it at the site
  std::vector<std::string> channels;  // all of the run's, in order: "t1", "t2", "flair"
  std::uint32_t available = 0;        // bit i: the site has channels[i]
  std::uint32_t classes = 0;
  std::uint32_t height = 0;  // pixels
  std::uint32_t width = 0;
  bool sends_label_maps = true;  // false: its policy keeps them, the centre draws public ones

  friend bool operator==(const SiteFacts&, const SiteFacts&) = default;
};

}  // namespace asyndgan::privacy
