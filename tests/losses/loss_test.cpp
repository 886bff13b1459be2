// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/losses/loss.hpp"

#include <vector>

#include "support/catch.hpp"

namespace asyndgan::losses {
namespace {

Loss<double> loss(double value, const std::vector<double>& gradient) {
  return {value, Tensor<double>::from_host({1, 1, 1, static_cast<int>(gradient.size())}, gradient)};
}

TEST_CASE("Losses add up with their gradients, the second one weighted", "[losses]") {
  const auto second = loss(3, {4, -8});
  const auto sum = add(loss(10, {1, 2}), 0.5, second);
  CHECK(sum.value == 11.5);
  CHECK(sum.gradient.to_host() == std::vector<double>{3, -2});
  CHECK(second.gradient.to_host() == std::vector<double>{4, -8});
}

TEST_CASE("Gradients of different tensors do not add up", "[losses]") {
  CHECK_THROWS_AS(add(loss(1, {1, 2}), 1, loss(1, {1, 2, 3})), ShapeError);
  CHECK_THROWS_WITH(detail::require_elements({2, 0, 3, 3}, "l1"), "l1 of shape (2, 0, 3, 3)");
}

}  // namespace
}  // namespace asyndgan::losses
