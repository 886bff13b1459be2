// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/downstream/balanced_sampler.hpp"

#include <cmath>

#include "support/catch.hpp"

namespace asyndgan::downstream {
namespace {

/// 100 maps: class 1 everywhere, class 2 in one map, class 3 in five, class 4 too small.
LabelMap rare_maps() {
  LabelMap maps(100, 4, 4);
  for (int i = 0; i < 100; ++i) {
    for (int x = 0; x < 4; ++x) maps.at(i, 0, x) = 1;
  }
  for (int x = 0; x < 4; ++x) {
    maps.at(17, 1, x) = 2;
    for (int i = 40; i < 45; ++i) maps.at(i, 2, x) = 3;
  }
  maps.at(60, 3, 3) = 4;
  return maps;
}

std::vector<int> counts(const BalancedSampler& sampler, int draws) {
  std::vector<int> result(100);
  for (const std::size_t slice : sampler.draw(draws, {.seed = 1})) ++result[slice];
  return result;
}

TEST_CASE("Half of the draws share the rare classes evenly", "[downstream]") {
  const BalancedSampler sampler(rare_maps());
  CHECK(sampler.rare_classes() == 2);
  const auto drawn = counts(sampler, 20000);
  // A quarter for class 2 and a quarter for class 3, and 1/100 of the other half for each slice;
  // binomial spread of 61.
  CHECK(std::abs(drawn[17] - 5100) < 250);  // 175 measured
  int third = 0;
  for (std::size_t i = 40; i < 45; ++i) third += drawn[i];
  CHECK(std::abs(third - 5500) < 250);    // 71 measured
  CHECK(std::abs(drawn[60] - 100) < 40);  // 15 measured
  CHECK(*std::min_element(drawn.begin(), drawn.end()) > 50);
}

TEST_CASE("Without a rare share all slices are alike", "[downstream]") {
  const auto drawn = counts(BalancedSampler(rare_maps(), {.rare_share = 0}), 20000);
  CHECK(std::abs(drawn[17] - 200) < 60);  // 37 measured
}

TEST_CASE("Where every class is in most slices, none is rare", "[downstream]") {
  LabelMap maps(3, 2, 2);
  for (auto& label : maps.labels) label = 1;
  const BalancedSampler sampler(maps);
  CHECK(sampler.rare_classes() == 0);
  CHECK(sampler.draw(8, {}).size() == 8);
}

TEST_CASE("A batch is a function of its key", "[downstream]") {
  const BalancedSampler sampler(rare_maps());
  CHECK(sampler.draw(16, {.seed = 1, .step = 5}) == sampler.draw(16, {.seed = 1, .step = 5}));
  CHECK(sampler.draw(16, {.seed = 1, .step = 5}) != sampler.draw(16, {.seed = 1, .step = 6}));
}

TEST_CASE("A sampler needs maps and shares that are shares", "[downstream]") {
  CHECK_THROWS_AS(BalancedSampler(LabelMap(0, 4, 4)), ContractViolation);
  CHECK_THROWS_AS(BalancedSampler(rare_maps(), {.rare_share = 1.5}), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::downstream
