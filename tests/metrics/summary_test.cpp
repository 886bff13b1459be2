// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/metrics/summary.hpp"

#include "support/catch.hpp"

namespace asyndgan::metrics {
namespace {

TEST_CASE("Quantiles interpolate between neighbours", "[metrics]") {
  CHECK(quantile({3, 1, 2, 5, 4}, 0.5) == 3);
  CHECK(quantile({4, 1, 3, 2}, 0.5) == 2.5);
  CHECK(quantile({10, 0}, 0.95) == 9.5);
  CHECK(quantile({7}, 0.95) == 7);
  CHECK(quantile({2, 1, 3}, 0) == 1);
  CHECK(quantile({2, 1, 3}, 1) == 3);
  CHECK_THROWS_AS(quantile({}, 0.5), ContractViolation);
  CHECK_THROWS_AS(quantile({1}, 1.5), ContractViolation);
}

TEST_CASE("Mean and standard deviation are those worked out by hand", "[metrics]") {
  const std::vector<double> values{2, 4, 4, 4, 5, 5, 7, 9};
  const auto summary = summarize(std::span<const double>(values));
  CHECK(summary.count == 8);
  CHECK(summary.mean == 5);
  CHECK(summary.standard_deviation == std::sqrt(32.0 / 7.0));
}

TEST_CASE("The interval covers the true mean about as often as it says", "[metrics]") {
  const random::Stream stream({.seed = 11});
  int covered = 0;
  constexpr int kTrials = 400;
  for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
    std::vector<double> values(30);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = 3 + 2 * stream.normal(trial * 100 + i);
    }
    const auto summary =
        summarize(std::span<const double>(values), {.resamples = 300, .seed = trial});
    CHECK(summary.low < summary.mean);
    CHECK(summary.mean < summary.high);
    covered += summary.low <= 3 && 3 <= summary.high;
  }
  // Binomial spread of 400 trials: 1.1 points; the percentile method falls a little short.
  CHECK(covered > 0.90 * kTrials);  // 384 measured, 0.96
  CHECK(covered < 0.98 * kTrials);
}

TEST_CASE("The interval follows the normal theory for many cases", "[metrics]") {
  const random::Stream stream({.seed = 12});
  std::vector<double> values(500);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = stream.normal(i);
  const auto summary = summarize(std::span<const double>(values));
  const double expected = 2 * 1.96 * summary.standard_deviation / std::sqrt(500.0);
  CHECK(std::abs((summary.high - summary.low) / expected - 1) < 0.08);  // 0.050 measured
}

TEST_CASE("The same seed gives the same interval, another seed another", "[metrics]") {
  const std::vector<double> values{0.1, 0.5, 0.3, 0.9, 0.4};
  const auto once = summarize(std::span<const double>(values), {.seed = 1});
  const auto again = summarize(std::span<const double>(values), {.seed = 1});
  const auto other = summarize(std::span<const double>(values), {.resamples = 50, .seed = 2});
  CHECK(once.low == again.low);
  CHECK(once.high == again.high);
  CHECK(once.low != other.low);
}

TEST_CASE("Cases without the class do not count; none and one are no accident", "[metrics]") {
  const std::vector<std::optional<double>> some{0.5, std::nullopt, 0.7};
  const auto summary = summarize(std::span<const std::optional<double>>(some));
  CHECK(summary.count == 2);
  CHECK(std::abs(summary.mean - 0.6) < 1e-15);  // measured 0

  CHECK(summarize(std::span<const double>()).count == 0);
  const std::vector<double> single{0.25};
  const auto one = summarize(std::span<const double>(single));
  CHECK(one.low == 0.25);
  CHECK(one.high == 0.25);
  CHECK(one.standard_deviation == 0);
  CHECK_THROWS_AS(summarize(std::span<const double>(single), {.level = 1}), ContractViolation);
}

TEST_CASE("Images are gathered by patient in order of first appearance", "[metrics]") {
  const std::vector<std::string> ids{"b", "a", "b", "c", "a"};
  const auto cases = group_by_case(ids);
  REQUIRE(cases.size() == 3);
  CHECK(cases[0].id == "b");
  CHECK(cases[0].images == std::vector<std::size_t>{0, 2});
  CHECK(cases[1].images == std::vector<std::size_t>{1, 4});
  CHECK(cases[2].images == std::vector<std::size_t>{3});
}

}  // namespace
}  // namespace asyndgan::metrics
