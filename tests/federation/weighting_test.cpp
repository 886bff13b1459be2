// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/weighting.hpp"

#include <array>

#include "support/catch.hpp"

namespace asyndgan::federation {
namespace {

constexpr std::array<std::int64_t, 3> kCounts{1500, 7000, 2849};

// The recorded weights of the published three-site run, n = 1500, 7000, 2849, to six decimals:
// 4.4e-7 measured, 5e-7 allowed.
TEST_CASE("Weighting by count gives n_j / n", "[federation]") {
  const auto weights = site_weights(Weighting::by_count, kCounts);
  const auto approx = Approx::custom().margin(5e-7).epsilon(0);
  CHECK(weights[0] == approx(0.132170));
  CHECK(weights[1] == approx(0.616794));
  CHECK(weights[2] == approx(0.251035));
}

TEST_CASE("Uniform and given weights sum to 1", "[federation]") {
  CHECK(site_weights(Weighting::uniform, kCounts)[1] == 1.0 / 3);
  const std::array<double, 3> given{1, 0, 3};
  CHECK(site_weights(Weighting::given, kCounts, given) == std::vector<double>{0.25, 0, 0.75});
}

TEST_CASE("In a step every image has the vote of its site", "[federation]") {
  const std::array<double, 3> pi{0.25, 0.25, 0.5};
  // Equal batches leave the weights as they are, to the last bit.
  CHECK(step_weights(pi, std::array<int, 3>{4, 4, 4}) == std::vector<double>{0.25, 0.25, 0.5});
  // 0.25 * 2, 0.25 * 0, 0.5 * 3, in sum 2.
  CHECK(step_weights(pi, std::array<int, 3>{2, 0, 3}) == std::vector<double>{0.25, 0, 0.75});
  CHECK_THROWS_AS(step_weights(std::array<double, 2>{1, 0}, std::array<int, 2>{0, 2}),
                  ContractViolation);
}

TEST_CASE("Impossible weights are refused with the reason", "[federation]") {
  const std::array<double, 2> two{1, 1};
  CHECK_THROWS_WITH(site_weights(Weighting::given, kCounts, two),
                    "site weights: 2 given for 3 sites");
  const std::array<double, 3> negative{1, -1, 1};
  CHECK_THROWS_WITH(site_weights(Weighting::given, kCounts, negative),
                    "site weights: weight of site 2 is -1.000000, expected a number >= 0");
  const std::array<double, 3> zero{0, 0, 0};
  CHECK_THROWS_WITH(site_weights(Weighting::given, kCounts, zero),
                    "site weights: all are 0, expected a positive sum");
}

}  // namespace
}  // namespace asyndgan::federation
