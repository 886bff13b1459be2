// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/intensity.hpp"

#include <numeric>

#include "support/catch.hpp"

namespace asyndgan::data {
namespace {

TEST_CASE("Percentiles are linear between values, in any order of them", "[data]") {
  const std::vector<float> values{40, 10, 30, 20, 50};
  CHECK(percentile(values, 0) == 10);
  CHECK(percentile(values, 25) == 20);
  CHECK(percentile(values, 60) == Approx(34).epsilon(1e-15));  // 2.4 of 4 steps; error measured 0
  CHECK(percentile(values, 100) == 50);
  CHECK(percentile(std::vector<float>{7}, 99.9) == 7);
  CHECK_THROWS_AS(percentile({}, 50), ContractViolation);
  CHECK_THROWS_AS(percentile(values, 101), ContractViolation);
}

TEST_CASE("Percentile clipping brings the bulk to [-1, 1] and outliers to its ends", "[data]") {
  std::vector<float> values(101);
  std::iota(values.begin(), values.end(), 0.0F);
  values[100] = 1e6F;
  values[0] = -1e6F;
  percentile_clip(values, 1, 99);
  CHECK(values[0] == -1);
  CHECK(values[1] == -1);
  CHECK(values[50] == 0);
  CHECK(values[99] == 1);
  CHECK(values[100] == 1);
  std::vector<float> equal(9, 3.0F);
  CHECK_THROWS_WITH(percentile_clip(equal, 0.1, 99.9),
                    "percentiles 0.100000 and 99.900000 are both 3.000000, expected an image with "
                    "contrast");
}

TEST_CASE("A window maps its edges to -1 and 1", "[data]") {
  std::vector<float> values{-1024, -300, -50, 200, 450, 700, 3000};
  window(values, 200, 1000);
  CHECK(values == std::vector<float>{-1, -1, -0.5F, 0, 0.5F, 1, 1});
  CHECK_THROWS_AS(window(values, 200, 0), ContractViolation);
}

TEST_CASE("z-scores have mean 0 and deviation 1", "[data]") {
  std::vector<float> values{2, 4, 4, 4, 5, 5, 7, 9};  // mean 5, deviation 2
  z_score(values);
  CHECK(values == std::vector<float>{-1.5F, -0.5F, -0.5F, -0.5F, 0, 0, 1, 2});
  std::vector<float> equal(4, 1.0F);
  CHECK_THROWS_AS(z_score(equal), DataError);
}

}  // namespace
}  // namespace asyndgan::data
