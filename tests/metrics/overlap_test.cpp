// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/metrics/overlap.hpp"

#include "asyndgan/core/random.hpp"
#include "support/catch.hpp"

namespace asyndgan::metrics {
namespace {

LabelMap map_of(int h, int w, std::vector<std::uint8_t> labels) {
  LabelMap map(1, h, w);
  map.labels = std::move(labels);
  return map;
}

LabelMap random_map(int n, int h, int w, int classes, std::uint64_t seed) {
  const random::Stream stream({.seed = seed});
  LabelMap map(n, h, w);
  for (std::size_t i = 0; i < map.labels.size(); ++i) {
    map.labels[i] = static_cast<std::uint8_t>(stream.below(i, static_cast<std::uint32_t>(classes)));
  }
  return map;
}

TEST_CASE("Overlap of two small maps is what counting by hand gives", "[metrics]") {
  const auto truth = map_of(2, 4, {0, 1, 1, 2, 0, 1, 1, 0});
  const auto found = map_of(2, 4, {0, 1, 0, 1, 0, 1, 1, 0});
  const auto counts = confusions(found, truth, 4);
  CHECK(counts[1] == Confusion{3, 1, 1, 3});
  CHECK(*dice(counts[1]) == 6.0 / 8.0);
  CHECK(*sensitivity(counts[1]) == 3.0 / 4.0);
  CHECK(*specificity(counts[1]) == 3.0 / 4.0);
  CHECK(counts[0] == Confusion{3, 1, 0, 4});
}

TEST_CASE("A class missing on one side has Dice 0, on both sides no Dice", "[metrics]") {
  const auto counts = confusions(map_of(1, 3, {0, 0, 1}), map_of(1, 3, {0, 2, 2}), 4);
  CHECK(*dice(counts[1]) == 0);
  CHECK_FALSE(sensitivity(counts[1]).has_value());
  CHECK(*dice(counts[2]) == 0);
  CHECK(*sensitivity(counts[2]) == 0);
  CHECK_FALSE(dice(counts[3]).has_value());
  CHECK(*specificity(counts[3]) == 1);

  const auto full = confusions(map_of(1, 2, {1, 0}), map_of(1, 2, {1, 1}), 2);
  CHECK_FALSE(specificity(full[1]).has_value());
}

TEST_CASE("The counts of slices add up to those of the stack", "[metrics]") {
  const auto truth = random_map(3, 7, 5, 4, 1);
  const auto found = random_map(3, 7, 5, 4, 2);
  const auto whole = confusions(found, truth, 4);
  for (std::size_t label = 0; label < 4; ++label) {
    Confusion sum;
    for (std::size_t n = 0; n < 3; ++n) {
      LabelMap t(1, 7, 5);
      LabelMap f(1, 7, 5);
      std::copy_n(truth.labels.begin() + static_cast<long>(n * 35), 35, t.labels.begin());
      std::copy_n(found.labels.begin() + static_cast<long>(n * 35), 35, f.labels.begin());
      sum += confusions(f, t, 4)[label];
    }
    CHECK(sum == whole[label]);

    Confusion slow;  // straight from the definitions
    for (std::size_t i = 0; i < truth.labels.size(); ++i) {
      const bool p = found.labels[i] == label;
      const bool t = truth.labels[i] == label;
      slow += {p && t ? 1u : 0u, p && !t ? 1u : 0u, !p && t ? 1u : 0u, !p && !t ? 1u : 0u};
    }
    CHECK(slow == whole[label]);
  }
}

TEST_CASE("Overlap refuses maps that do not fit", "[metrics]") {
  CHECK_THROWS_WITH(confusions(LabelMap(1, 2, 3), LabelMap(1, 3, 2), 2),
                    "metrics: prediction (1, 2, 3) and truth (1, 3, 2) differ in size");
  CHECK_THROWS_WITH(confusions(map_of(1, 1, {4}), map_of(1, 1, {0}), 4),
                    "metrics: label 4 with 4 classes");
  CHECK_THROWS_AS(confusions(LabelMap(1, 1, 1), LabelMap(1, 1, 1), 0), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::metrics
