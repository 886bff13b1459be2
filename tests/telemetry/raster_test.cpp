// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/raster.hpp"

#include <limits>
#include <set>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

TEST_CASE("Intensities of -1 to 1 become 0 to 255, clipped", "[telemetry]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> values = {-1, 1, 0, -3, 7, nan};
  const auto images = Tensor<float>::from_host({1, 1, 2, 3}, values);
  const Raster picture = raster(images, 0);
  CHECK(picture.width == 3);
  CHECK(picture.height == 2);
  CHECK(picture.channels == 1);
  CHECK(picture.pixels == std::vector<std::uint8_t>{0, 255, 128, 0, 255, 0});
}

TEST_CASE("Colour pictures interleave the three channels of the chosen image", "[telemetry]") {
  std::vector<float> values(12, -1.F);  // 2 images, 3 channels, 2 pixels
  const auto at = [&](std::size_t n, std::size_t c, std::size_t x) -> float& {
    return values[(n * 3 + c) * 2 + x];
  };
  at(1, 0, 0) = 1;  // the left pixel of image 1 is red, the right one blue
  at(1, 2, 1) = 1;
  const auto images = Tensor<float>::from_host({2, 3, 1, 2}, values);
  CHECK(raster(images, 1, -1).pixels == std::vector<std::uint8_t>{255, 0, 0, 0, 0, 255});
  CHECK(raster(images, 1, 2).pixels == std::vector<std::uint8_t>{0, 255});
}

TEST_CASE("raster() names an image or channel that is not there", "[telemetry]") {
  const Tensor<float> images({1, 2, 1, 1});
  CHECK_THROWS_AS(raster(images, 1), ShapeError);
  CHECK_THROWS_AS(raster(images, 0, 2), ShapeError);
  CHECK_THROWS_AS(raster(images, 0, -1), ShapeError);
  CHECK_THROWS_AS(raster(LabelMap(1, 2, 2), 1), ShapeError);
}

TEST_CASE("Every class of a label map has its own colour", "[telemetry]") {
  LabelMap maps(2, 1, 2);
  maps.at(1, 0, 1) = 3;
  const Colour third = class_colour(3);
  const Colour ground = class_colour(0);
  CHECK(raster(maps, 1).pixels == std::vector<std::uint8_t>{ground.red, ground.green, ground.blue,
                                                            third.red, third.green, third.blue});
  std::set<std::string> colours;
  for (int label = 0; label < 30; ++label) colours.insert(hex(class_colour(label)));
  CHECK(colours.size() == 30);
  CHECK(hex({0, 114, 178}) == "#0072b2");
}

}  // namespace
}  // namespace asyndgan::telemetry
