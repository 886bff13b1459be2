// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/samples.hpp"

#include <string>
#include <type_traits>
#include <vector>

#include "asyndgan/networks/resnet_generator.hpp"
#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

using Names = std::vector<std::string>;

privacy::Synthetic<float> drawn(int channels, const Shape& shape) {
  using Generator = networks::ResnetGenerator<float>;
  Generator generator(
      {.in_channels = shape.c, .out_channels = channels, .base_channels = 2, .blocks = 1});
  Generator::Saved saved;
  return privacy::Synthetic<float>::by(generator, Tensor<float>(shape), saved);
}

TEST_CASE("A sample is a label map with a picture for each channel", "[telemetry]") {
  const Samples samples(9, LabelMap(2, 8, 12), drawn(2, {2, 3, 8, 12}), Names{"t1", "t2"},
                        Names{"background"});
  CHECK(samples.step() == 9);
  CHECK(samples.columns() == Names{"t1", "t2"});
  REQUIRE(samples.rows().size() == 2);
  REQUIRE(samples.rows()[1].images.size() == 2);
  CHECK(png_extent(samples.rows()[1].map).width == 12);
  CHECK(png_extent(samples.rows()[1].images[1]).height == 8);
}

TEST_CASE("Red, green and blue are one picture", "[telemetry]") {
  const Samples samples(1, LabelMap(1, 8, 12), drawn(3, {1, 3, 8, 12}),
                        Names{"red", "green", "blue"}, Names{"background"});
  CHECK(samples.columns() == Names{"colour"});
  CHECK(samples.rows()[0].images.size() == 1);
}

TEST_CASE("Samples that do not fit their maps are refused", "[telemetry]") {
  const auto images = drawn(1, {2, 3, 8, 12});
  const Names none = {"background"};
  CHECK_THROWS_AS(Samples(1, LabelMap(1, 8, 12), images, Names{"t1"}, none), ShapeError);
  CHECK_THROWS_AS(Samples(1, LabelMap(2, 12, 8), images, Names{"t1"}, none), ShapeError);
  CHECK_THROWS_AS(Samples(1, LabelMap(2, 8, 12), images, Names{"t1", "t2"}, none), ShapeError);
}

// A tensor alone might be a real image.
static_assert(
    !std::is_constructible_v<Samples, std::uint64_t, LabelMap, Tensor<float>, Names, Names>);

}  // namespace
}  // namespace asyndgan::telemetry
