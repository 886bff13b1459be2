// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/region_moments.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::kernels {
namespace {

TEST_CASE("Moments of two regions by hand", "[kernels]") {
  const auto x =
      Tensor<double>::from_host({1, 2, 1, 4}, std::vector<double>{1, 3, 5, 7, 2, 2, 4, 8});
  LabelMap map(1, 1, 4);
  map.at(0, 0, 3) = 1;
  const auto moments = region_moments(x, map, 3);
  CHECK(moments.pixels.at(0, 0, 0) == 3);
  CHECK(moments.pixels.at(0, 1, 0) == 1);
  CHECK(moments.pixels.at(0, 2, 0) == 0);
  CHECK(moments.mean.at(0, 0, 0) == 3);
  CHECK(moments.mean.at(0, 1, 1) == 8);
  CHECK(moments.mean.at(0, 2, 1) == 0);
  CHECK(moments.square.at(0, 0, 1) == (4 + 4 + 16) / 3.0);
}

TEST_CASE("The way back of moments gives every pixel its region's slope", "[kernels]") {
  const auto x = Tensor<double>::from_host({1, 1, 1, 3}, std::vector<double>{1, 3, 5});
  LabelMap map(1, 1, 3);
  map.at(0, 0, 1) = 1;
  RegionTable d_mean(1, 2, 1);
  RegionTable d_square(1, 2, 1);
  d_mean.at(0, 0, 0) = 10;
  d_mean.at(0, 1, 0) = 20;
  d_square.at(0, 1, 0) = 0.5;
  CHECK(region_moments_backward(x, map, d_mean, d_square).to_host() ==
        std::vector<double>{10, 20 + 2 * 3 * 0.5, 10});
}

}  // namespace
}  // namespace asyndgan::kernels
