// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/metrics/quantile.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/catch.hpp"

namespace asyndgan::metrics {
namespace {

// numpy.quantile([9, 1, 4, 16], q): 1, 2.5 for q = 1/6, 6.5, 14.95, 16.
TEST_CASE("Quantiles are linear between neighbours, as NumPy's", "[metrics]") {
  const std::vector<double> values{9, 1, 4, 16};
  CHECK(quantile(values, 0) == 1);
  CHECK(std::abs(quantile(values, 1.0 / 6) - 2.5) < 1e-12);  // 0 measured
  CHECK(quantile(values, 0.5) == 6.5);
  CHECK(std::abs(quantile(values, 0.95) - 14.95) < 1e-12);  // 2e-15 measured
  CHECK(quantile(values, 1) == 16);
  CHECK(quantile({3}, 0.7) == 3);
}

TEST_CASE("The order of the values does not matter", "[metrics]") {
  std::vector<double> values{5, -2, 7, 7, 0, 11};
  const double expected = quantile(values, 0.35);
  std::sort(values.begin(), values.end());
  do {
    REQUIRE(quantile(values, 0.35) == expected);
  } while (std::next_permutation(values.begin(), values.end()));
}

TEST_CASE("Quantiles of nothing, and beyond all, are refused", "[metrics]") {
  CHECK_THROWS_WITH(quantile({}, 0.5), "quantile: no values");
  CHECK_THROWS_WITH(quantile({1}, 1.5), "quantile: share outside [0, 1]");
  CHECK_THROWS_AS(quantile({1}, std::nan("")), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::metrics
