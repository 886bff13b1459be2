// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/resample.hpp"

#include <cstdint>

#include "support/catch.hpp"

namespace asyndgan::data {
namespace {

using Pixels = std::vector<float>;

TEST_CASE("Bilinear enlargement interpolates between pixel centres", "[data]") {
  // Centres of four pixels lie at -0.25, 0.25, 0.75 and 1.25 of the two.
  CHECK(resize_bilinear(Pixels{0, 1}, {1, 2}, {1, 4}) == Pixels{0, 0.25F, 0.75F, 1});
  CHECK(resize_bilinear(Pixels{0, 1}, {2, 1}, {4, 1}) == Pixels{0, 0.25F, 0.75F, 1});
}

TEST_CASE("Shrinking averages with a triangle, as Pillow does", "[data]") {
  // Weights 0.75, 0.75, 0.25 (of 1.75) about the centre 1, and mirrored about 3.
  const auto approx = Approx::custom().epsilon(1e-6);  // measured 0
  const Pixels result = resize_bilinear(Pixels{7, 14, 21, 28}, {1, 4}, {1, 2});
  CHECK(result[0] == approx((0.75 * 7 + 0.75 * 14 + 0.25 * 21) / 1.75));
  CHECK(result[1] == approx((0.25 * 14 + 0.75 * 21 + 0.75 * 28) / 1.75));
}

TEST_CASE("Resizing to the same size changes nothing, and a constant stays one", "[data]") {
  const Pixels pixels{1, -2, 3, 4.5F, 5, -6};
  CHECK(resize_bilinear(pixels, {2, 3}, {2, 3}) == pixels);
  for (const Extent to : {Extent{5, 7}, Extent{1, 1}, Extent{64, 3}}) {
    for (const float value : resize_bilinear(Pixels(6, 0.5F), {2, 3}, to)) {
      CHECK(value == Approx(0.5).epsilon(1e-7));  // measured 0
    }
  }
}

TEST_CASE("Nearest takes the pixel under the target's centre and invents no value", "[data]") {
  const std::vector<std::uint16_t> labels{1, 2, 3, 4, 5, 6};
  const std::span<const std::uint16_t> view(labels);
  CHECK(resize_nearest(view, {2, 3}, {2, 3}) == labels);
  CHECK(resize_nearest(view, {2, 3}, {4, 6}) == std::vector<std::uint16_t>{1, 1, 2, 2, 3, 3, 1, 1,
                                                                           2, 2, 3, 3, 4, 4, 5, 5,
                                                                           6, 6, 4, 4, 5, 5, 6, 6});
  CHECK(resize_nearest(view, {1, 6}, {1, 2}) == std::vector<std::uint16_t>{2, 5});
}

TEST_CASE("A step in image and mask stays at one place when both are resized", "[data]") {
  for (const int to : {5, 8, 16, 23, 64}) {
    Pixels image(20, -1.0F);
    std::vector<std::uint16_t> mask(20, 0);
    for (std::size_t i = 10; i < 20; ++i) {
      image[i] = 1;
      mask[i] = 1;
    }
    const auto small = resize_bilinear(image, {1, 20}, {1, to});
    const auto labels = resize_nearest(std::span<const std::uint16_t>(mask), {1, 20}, {1, to});
    for (std::size_t i = 0; i < small.size(); ++i) {
      if (std::abs(small[i]) > 0.01F) CHECK((small[i] > 0) == (labels[i] == 1));
    }
  }
}

TEST_CASE("A crop may reach over every edge", "[data]") {
  const Pixels pixels{1, 2, 3, 4, 5, 6};
  const std::span<const float> view(pixels);
  CHECK(crop(view, {2, 3}, 0, 1, {2, 2}, 0.0F) == Pixels{2, 3, 5, 6});
  CHECK(crop(view, {2, 3}, -1, -1, {4, 5}, 9.0F) ==
        Pixels{9, 9, 9, 9, 9, 9, 1, 2, 3, 9, 9, 4, 5, 6, 9, 9, 9, 9, 9, 9});
  CHECK(crop(view, {2, 3}, 1, 2, {2, 2}, 9.0F) == Pixels{6, 9, 9, 9});
  CHECK(crop(view, {2, 3}, 5, 5, {1, 2}, 9.0F) == Pixels{9, 9});
  CHECK(crop(view, {2, 3}, -9, -9, {1, 2}, 9.0F) == Pixels{9, 9});
}

}  // namespace
}  // namespace asyndgan::data
