// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/slices.hpp"

#include "support/catch.hpp"

namespace asyndgan::data {
namespace {

/// Two channels, images of 1x2 pixels: pixel values are 100 * image + 10 * channel + column.
Slices example(int count) {
  Slices slices{.images = Tensor<float>({count, 2, 1, 2}),
                .labels = LabelMap(count, 1, 2),
                .info = {},
                .classes = 3,
                .channels = {"t1", "t2"}};
  for (int i = 0; i < count; ++i) {
    for (int c = 0; c < 2; ++c) {
      for (int x = 0; x < 2; ++x) {
        slices.images(i, c, 0, x) = static_cast<float>(100 * i + 10 * c + x);
      }
    }
    slices.labels.at(i, 0, 1) = static_cast<std::uint8_t>(i % 3);
    slices.info.push_back({"case-" + std::to_string(i), i, 2.0, 0.5});
  }
  return slices;
}

std::vector<float> pixels(const Slices& slices) { return slices.images.to_host(); }

TEST_CASE("gather takes images, labels and infos together, in the order asked for", "[data]") {
  const Slices all = example(3);
  const Slices some = gather(all, std::vector<std::size_t>{2, 0, 2});
  CHECK(pixels(some) == std::vector<float>{200, 201, 210, 211, 0, 1, 10, 11, 200, 201, 210, 211});
  CHECK(some.labels.labels == std::vector<std::uint8_t>{0, 2, 0, 0, 0, 2});
  CHECK(some.info == std::vector<SliceInfo>{all.info[2], all.info[0], all.info[2]});
  CHECK(some.channels == all.channels);
  CHECK(some.classes == 3);
  require_consistent(some);
  CHECK(gather(all, {}).empty());
  CHECK_THROWS_WITH(gather(all, std::vector<std::size_t>{3}), "gather: image 3 of 3");
}

TEST_CASE("concat appends parts and gather takes them apart again", "[data]") {
  const std::vector<Slices> parts{example(1), example(2)};
  const Slices all = concat(parts);
  require_consistent(all);
  CHECK(all.size() == 3);
  const Slices second = gather(all, std::vector<std::size_t>{1, 2});
  CHECK(pixels(second) == pixels(parts[1]));
  CHECK(second.labels == parts[1].labels);
  CHECK(second.info == parts[1].info);
  CHECK(concat({}).empty());
}

TEST_CASE("concat refuses parts that do not fit, saying which", "[data]") {
  std::vector<Slices> parts{example(1), example(2)};
  parts[1].classes = 4;
  CHECK_THROWS_WITH(concat(parts),
                    "concat: images (2, 2, 1, 2) with 4 classes do not follow images (1, 2, 1, 2) "
                    "with 3 classes (sizes, channel names and classes must agree)");
  parts[1] = example(1);
  parts[1].channels[1] = "flair";
  CHECK_THROWS_AS(concat(parts), ContractViolation);
}

TEST_CASE("select_channels keeps the named channels in the order asked for", "[data]") {
  const Slices all = example(2);
  const Slices one = select_channels(all, std::vector<std::string>{"t2"});
  CHECK(pixels(one) == std::vector<float>{10, 11, 110, 111});
  CHECK(one.channels == std::vector<std::string>{"t2"});
  const Slices swapped = select_channels(all, std::vector<std::string>{"t2", "t1"});
  CHECK(pixels(swapped) == std::vector<float>{10, 11, 0, 1, 110, 111, 100, 101});
  CHECK_THROWS_WITH(select_channels(all, std::vector<std::string>{"pd"}),
                    "select_channels: no channel 'pd' among 't1' 't2'");
}

TEST_CASE("require_consistent names the part that does not fit", "[data]") {
  Slices slices = example(2);
  slices.labels.at(1, 0, 0) = 3;
  CHECK_THROWS_WITH(require_consistent(slices), "Slices: label 3 with 3 classes");
  slices = example(2);
  slices.info.pop_back();
  CHECK_THROWS_WITH(require_consistent(slices), "Slices: 1 infos for 2 images");
  slices = example(2);
  slices.channels.pop_back();
  CHECK_THROWS_WITH(require_consistent(slices), "Slices: 1 channel names for images (2, 2, 1, 2)");
  slices = example(2);
  slices.labels = LabelMap(2, 2, 1);
  CHECK_THROWS_WITH(require_consistent(slices),
                    "Slices: labels (2, 2, 1) do not fit images (2, 2, 1, 2)");
}

}  // namespace
}  // namespace asyndgan::data
