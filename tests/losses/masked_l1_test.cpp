// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/losses/masked_l1.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::losses {
namespace {

using Values = std::vector<double>;

TEST_CASE("Masked L1 weighs pixels by the mask, every channel alike", "[losses]") {
  const auto image = Tensor<double>::from_host({1, 2, 1, 3}, Values{1, 2, 3, 4, 5, 6});
  const auto target = Tensor<double>::from_host({1, 2, 1, 3}, Values{0, 9, 5, 8, 9, 5});
  const auto mask = Tensor<double>::from_host({1, 1, 1, 3}, Values{1, 0, 3});
  const auto loss = masked_l1(image, target, mask);
  CHECK(loss.value == Approx((1 * 1 + 3 * 2 + 1 * 4 + 3 * 1) / 8.0).epsilon(1e-15));  // measured 0
  CHECK(loss.gradient.to_host() == Values{0.125, 0, -0.375, -0.125, 0, 0.375});
}

TEST_CASE("An empty mask costs nothing", "[losses]") {
  const auto image = test::uniform<double>({2, 3, 7, 5}, 1);
  const auto loss = masked_l1(image, Tensor<double>(image.shape()), Tensor<double>({2, 1, 7, 5}));
  CHECK(loss.value == 0);
  CHECK(loss.gradient.to_host() == Values(image.size(), 0.0));
}

TEST_CASE("Masked L1's gradient matches central differences", "[losses]") {
  auto image = test::uniform<double>({2, 3, 7, 5}, 1);
  const auto target = test::uniform<double>({2, 3, 7, 5}, 2);
  auto mask = test::uniform<double>({2, 1, 7, 5}, 3);
  for (double& value : mask.values()) value = value > 0 ? value : 0;
  const auto expected =
      test::central_difference([&] { return masked_l1(image, target, mask).value; }, image, 1e-5);
  CHECK(test::relative_error(masked_l1(image, target, mask).gradient, expected) <
        1e-8);  // measured 7e-10
}

TEST_CASE("Masked L1 refuses a mask of another size", "[losses]") {
  const Tensor<float> image({2, 3, 4, 5});
  CHECK_THROWS_WITH(masked_l1(image, image, Tensor<float>({2, 3, 4, 5})),
                    "masked_l1: mask has shape (2, 3, 4, 5), expected (2, 1, 4, 5)");
}

}  // namespace
}  // namespace asyndgan::losses
