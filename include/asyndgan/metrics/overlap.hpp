// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"

namespace asyndgan::metrics {

/// How often one class was found and missed, in pixels. Counts of several slices add up, so
/// that a patient is scored as a whole and not as a mean over slices.
struct Confusion {
  std::size_t true_positive = 0;
  std::size_t false_positive = 0;
  std::size_t false_negative = 0;
  std::size_t true_negative = 0;

  Confusion& operator+=(const Confusion& other) {
    true_positive += other.true_positive;
    false_positive += other.false_positive;
    false_negative += other.false_negative;
    true_negative += other.true_negative;
    return *this;
  }
  friend bool operator==(const Confusion&, const Confusion&) = default;
};

namespace detail {
/// part / whole, or nothing where the whole is empty.
[[nodiscard]] inline std::optional<double> share(std::size_t part, std::size_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

inline void require_same_size(const LabelMap& prediction, const LabelMap& truth) {
  if (prediction.n != truth.n || prediction.h != truth.h || prediction.w != truth.w) {
    const auto size = [](const LabelMap& map) {
      return "(" + std::to_string(map.n) + ", " + std::to_string(map.h) + ", " +
             std::to_string(map.w) + ")";
    };
    throw ShapeError("metrics: prediction " + size(prediction) + " and truth " + size(truth) +
                     " differ in size");
  }
}
}  // namespace detail

/// Dice coefficient 2 |P and T| / (|P| + |T|). A class that is in neither map has no Dice: the
/// case does not count for it, where a 1 would reward what nobody had to find. A class that is
/// in one of them only has Dice 0.
[[nodiscard]] inline std::optional<double> dice(const Confusion& c) {
  return detail::share(2 * c.true_positive,
                       2 * c.true_positive + c.false_positive + c.false_negative);
}

/// The share of the class's true pixels that was found; nothing where the truth has none.
[[nodiscard]] inline std::optional<double> sensitivity(const Confusion& c) {
  return detail::share(c.true_positive, c.true_positive + c.false_negative);
}

/// The share of the other pixels that was left alone; nothing where the truth has none.
[[nodiscard]] inline std::optional<double> specificity(const Confusion& c) {
  return detail::share(c.true_negative, c.true_negative + c.false_positive);
}

/// One Confusion per class, over all images of the batch.
///
/// Requires  both maps hold labels below `classes`.
/// Errors    ShapeError on maps of different size, ContractViolation on a label out of range.
[[nodiscard]] inline std::vector<Confusion> confusions(const LabelMap& prediction,
                                                       const LabelMap& truth, int classes) {
  detail::require_same_size(prediction, truth);
  if (classes < 1) {
    throw ContractViolation("metrics: " + std::to_string(classes) + " classes");
  }
  std::vector<Confusion> result(static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < truth.labels.size(); ++i) {
    const std::size_t p = prediction.labels[i];
    const std::size_t t = truth.labels[i];
    if (p >= result.size() || t >= result.size()) {
      throw ContractViolation("metrics: label " + std::to_string(p >= result.size() ? p : t) +
                              " with " + std::to_string(classes) + " classes");
    }
    if (p == t) {
      ++result[t].true_positive;
    } else {
      ++result[p].false_positive;
      ++result[t].false_negative;
    }
  }
  for (auto& c : result) {
    c.true_negative = truth.labels.size() - c.true_positive - c.false_positive - c.false_negative;
  }
  return result;
}

}  // namespace asyndgan::metrics
