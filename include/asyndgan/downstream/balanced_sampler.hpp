// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/random.hpp"

namespace asyndgan::downstream {

struct BalancedSamplerOptions {
  /// Share of draws that first choose a rare class, each alike, then a slice that has it. The
  /// others choose among all slices.
  double rare_share = 0.5;
  /// A class is rare if fewer slices than this share have it.
  double rare_below = 0.5;
  /// Fewer pixels of a class do not make a slice one that has it.
  int least_pixels = 4;
};

/// Draws slices so that small structures, which most slices lack, are seen often enough to be
/// learned: under uniform draws a segmenter finds them last, or never.
class BalancedSampler {
 public:
  using Options = BalancedSamplerOptions;

  /// Errors  ContractViolation if there is no map, or a share is outside [0, 1].
  explicit BalancedSampler(const LabelMap& maps, const Options& options = {})
      : options_(options), count_(static_cast<std::uint32_t>(maps.n)) {
    const auto is_share = [](double value) { return value >= 0 && value <= 1; };
    if (maps.n < 1 || !is_share(options.rare_share) || !is_share(options.rare_below)) {
      throw ContractViolation("BalancedSampler: needs a map and shares in [0, 1]");
    }
    constexpr std::size_t kLabels = 256;
    std::vector<std::vector<std::uint32_t>> holders(kLabels);  // slices that have the class
    for (std::uint32_t i = 0; i < count_; ++i) {
      std::vector<int> pixels(kLabels);
      for (std::size_t p = 0; p < maps.plane(); ++p) ++pixels[maps.labels[i * maps.plane() + p]];
      for (std::size_t label = 1; label < kLabels; ++label) {
        if (pixels[label] >= options.least_pixels && pixels[label] > 0) holders[label].push_back(i);
      }
    }
    for (auto& slices : holders) {
      if (slices.empty() || static_cast<double>(slices.size()) >= options.rare_below * count_)
        continue;
      rare_.push_back(std::move(slices));
    }
  }

  /// Number of rare classes.
  [[nodiscard]] std::size_t rare_classes() const { return rare_.size(); }

  /// The slices of one batch: a function of the key.
  [[nodiscard]] std::vector<std::size_t> draw(int batch, const random::Key& key) const {
    random::Sequence numbers(key);
    std::vector<std::size_t> slices;
    for (int i = 0; i < batch; ++i) {
      if (numbers.uniform() < options_.rare_share && !rare_.empty()) {
        const auto& holders = rare_[numbers.below(static_cast<std::uint32_t>(rare_.size()))];
        slices.push_back(holders[numbers.below(static_cast<std::uint32_t>(holders.size()))]);
      } else {
        slices.push_back(numbers.below(count_));
      }
    }
    return slices;
  }

 private:
  Options options_;
  std::uint32_t count_;
  std::vector<std::vector<std::uint32_t>> rare_;
};

}  // namespace asyndgan::downstream
