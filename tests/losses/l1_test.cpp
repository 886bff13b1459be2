// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/losses/l1.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::losses {
namespace {

using Values = std::vector<double>;

TEST_CASE("L1 of three pixels", "[losses]") {
  const auto image = Tensor<double>::from_host({1, 1, 1, 3}, Values{1, 2, 3});
  const auto target = Tensor<double>::from_host({1, 1, 1, 3}, Values{0, 2, 5});
  const auto loss = l1(image, target);
  CHECK(loss.value == Approx(1).epsilon(1e-15));  // measured 0
  CHECK(loss.gradient.to_host() == Values{1.0 / 3, 0, -1.0 / 3});
}

TEST_CASE("L1's gradient matches central differences", "[losses]") {
  auto image = test::uniform<double>({2, 3, 7, 5}, 1);
  const auto target = test::uniform<double>({2, 3, 7, 5}, 2);
  const auto expected =
      test::central_difference([&] { return l1(image, target).value; }, image, 1e-5);
  CHECK(test::relative_error(l1(image, target).gradient, expected) < 1e-8);  // measured 6e-10
}

TEST_CASE("L1 refuses a target of another shape", "[losses]") {
  CHECK_THROWS_WITH(l1(Tensor<float>({1, 3, 4, 4}), Tensor<float>({1, 1, 4, 4})),
                    "l1: target has shape (1, 1, 4, 4), expected (1, 3, 4, 4)");
  CHECK_THROWS_WITH(l1(Tensor<float>({0, 3, 4, 4}), Tensor<float>({0, 3, 4, 4})),
                    "l1: image of shape (0, 3, 4, 4)");
}

TEST_CASE("L1 is the same on any number of threads", "[losses]") {
  const auto image = test::uniform<float>({3, 5, 61, 67}, 1);
  const auto target = test::uniform<float>({3, 5, 61, 67}, 2);
  CHECK(test::same_on_any_thread_count([&] { return l1(image, target).value; }));
}

}  // namespace
}  // namespace asyndgan::losses
