// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/channels.hpp"

#include <array>

#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::kernels {
namespace {

TEST_CASE("join_channels puts the condition first, then the chosen channels in order",
          "[kernels]") {
  const auto condition = test::uniform<double>({2, 2, 3, 5}, 1);
  const auto image = test::uniform<double>({2, 3, 3, 5}, 2);
  const std::array<int, 2> channels{2, 0};
  const auto joined = join_channels(condition, image, channels);
  REQUIRE(joined.shape() == Shape{2, 4, 3, 5});
  CHECK(joined(1, 1, 2, 4) == condition(1, 1, 2, 4));
  CHECK(joined(1, 2, 2, 4) == image(1, 2, 2, 4));
  CHECK(joined(0, 3, 1, 0) == image(0, 0, 1, 0));
}

TEST_CASE("place_channels is the adjoint of join_channels on the image", "[kernels]") {
  const Tensor<double> condition({2, 1, 3, 5});  // zero: only the image part counts
  const auto image = test::uniform<double>({2, 3, 3, 5}, 3);
  const auto d_joined = test::uniform<double>({2, 3, 3, 5}, 4);
  const std::array<int, 2> channels{2, 0};
  Tensor<double> d_image(image.shape());
  place_channels(d_joined, channels, d_image);
  const double through_image = test::dot(d_image, image);
  const double through_joined = test::dot(d_joined, join_channels(condition, image, channels));
  CHECK(through_image == Approx(through_joined).epsilon(1e-14));  // measured: equal
  CHECK(d_image(1, 1, 1, 1) == 0);                                // the channel nobody chose
}

TEST_CASE("A channel that the image lacks is refused", "[kernels]") {
  const std::array<int, 1> channels{3};
  CHECK_THROWS_WITH(
      join_channels(Tensor<float>({1, 1, 2, 2}), Tensor<float>({1, 3, 2, 2}), channels),
      "channel 3 of an image of shape (1, 3, 2, 2)");
}

}  // namespace
}  // namespace asyndgan::kernels
