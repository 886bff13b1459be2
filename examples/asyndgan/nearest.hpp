// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace asyndgan::program {

/// Fewest insertions, deletions, replacements and swaps of neighbours that make `a` of `b`.
/// Source  Damerau-Levenshtein distance, restricted ("optimal string alignment").
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t columns = b.size() + 1;
  std::vector<std::size_t> cost((a.size() + 1) * columns);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& {
    return cost[i * columns + j];
  };
  for (std::size_t i = 0; i <= a.size(); ++i) at(i, 0) = i;
  for (std::size_t j = 0; j <= b.size(); ++j) at(0, j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      at(i, j) = std::min({replaced, at(i - 1, j) + 1, at(i, j - 1) + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return at(a.size(), b.size());
}

/// The candidate that `word` was probably meant to be, if one is near: at most a third of its
/// letters away, or the same behind the last dot ("training.seed" for "run.seed").
[[nodiscard]] inline std::optional<std::string> nearest(
    std::string_view word, const std::vector<std::string>& candidates) {
  const auto leaf = [](std::string_view path) { return path.substr(path.rfind('.') + 1); };
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(2, leaf(word).size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t shorter = std::min(word.size(), candidate.size());
    if (longer - shorter >= least) continue;  // no nearer than that, and the word may be very long
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  if (best) return best;
  for (const auto& candidate : candidates) {
    if (leaf(candidate) == leaf(word)) return candidate;
  }
  return best;
}

}  // namespace asyndgan::program
