// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/pointwise_loss.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::kernels {
namespace {

using Values = std::vector<double>;

TEST_CASE("A point-wise loss sums values and writes slopes, both times the factor", "[kernels]") {
  const auto x = Tensor<double>::from_host({1, 1, 1, 3}, Values{1, 2, 3});
  const auto y = Tensor<double>::from_host({1, 1, 1, 3}, Values{4, 4, 5});
  auto d_x = Tensor<double>::uninitialized(x.shape());
  const auto square = [](double a, double b) { return PointLoss{(a - b) * (a - b), 2 * (a - b)}; };
  CHECK(pointwise_loss(square, 0.5, d_x, x, y) == 0.5 * (9 + 4 + 4));
  CHECK(d_x.to_host() == Values{-3, -2, -2});
}

TEST_CASE("A point-wise loss visits every element of several blocks", "[kernels]") {
  const Shape shape{1, 1, 3, 16385};
  Tensor<float> x(shape);
  auto d_x = Tensor<float>::uninitialized(shape);
  const auto one = [](double) { return PointLoss{1, 1}; };
  CHECK(pointwise_loss(one, 1, d_x, x) == 3 * 16385);
  for (const float slope : d_x.values()) REQUIRE(slope == 1);
}

}  // namespace
}  // namespace asyndgan::kernels
