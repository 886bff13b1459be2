// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/transforms.hpp"

#include <set>

#include "support/catch.hpp"

namespace asyndgan::data {
namespace {

/// Pixel values equal their labels, so that whatever moves one without the other shows.
Slices twins(int count, int height, int width) {
  Slices slices{.images = Tensor<float>({count, 2, height, width}),
                .labels = LabelMap(count, height, width),
                .info = {},
                .classes = 256,
                .channels = {"a", "b"}};
  for (int n = 0; n < count; ++n) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int value = (7 * n + width * y + x) % 251 + 1;
        slices.labels.at(n, y, x) = static_cast<std::uint8_t>(value);
        slices.images(n, 0, y, x) = static_cast<float>(value);
        slices.images(n, 1, y, x) = static_cast<float>(-value);
      }
    }
    slices.info.push_back({"case", n, 2, 3});
  }
  return slices;
}

bool still_twins(const Slices& slices) {
  require_consistent(slices);
  const Shape& shape = slices.images.shape();
  for (int n = 0; n < shape.n; ++n) {
    for (int y = 0; y < shape.h; ++y) {
      for (int x = 0; x < shape.w; ++x) {
        const float label = slices.labels.at(n, y, x);
        if (label == 0) {
          if (slices.images(n, 0, y, x) != kBackground) return false;
        } else if (slices.images(n, 0, y, x) != label || slices.images(n, 1, y, x) != -label) {
          return false;
        }
      }
    }
  }
  return true;
}

TEST_CASE("Crop and flip move image and mask together", "[data]") {
  const Slices slices = twins(2, 3, 4);
  const Slices part = crop(slices, -1, 2, {3, 5});
  CHECK(still_twins(part));
  CHECK(part.labels.at(0, 0, 0) == 0);
  CHECK(part.labels.at(0, 1, 0) == slices.labels.at(0, 0, 2));
  for (const auto& [rows, columns] : {std::pair{true, false}, {false, true}, {true, true}}) {
    const Slices turned = flip(slices, rows, columns);
    CHECK(still_twins(turned));
    CHECK(turned.labels.at(1, 0, 0) == slices.labels.at(1, rows ? 2 : 0, columns ? 3 : 0));
    CHECK(flip(turned, rows, columns).labels == slices.labels);
  }
  CHECK(flip(slices, false, false).images.to_host() == slices.images.to_host());
}

TEST_CASE("Resizing follows the spacing and keeps labels apart from interpolation", "[data]") {
  const Slices slices = twins(1, 4, 6);
  const Slices half = resize(slices, {2, 3});
  require_consistent(half);
  CHECK(half.info[0].spacing_y == 4);
  CHECK(half.info[0].spacing_x == 6);
  const std::set<std::uint8_t> before(slices.labels.labels.begin(), slices.labels.labels.end());
  for (const std::uint8_t label : half.labels.labels) CHECK(before.count(label) == 1);
  CHECK(resize(slices, {4, 6}).images.to_host() == slices.images.to_host());
  CHECK_THROWS_WITH(resize(slices, {0, 3}), "resize: 4x6 to 0x3");
}

TEST_CASE("Random transforms are paired, repeatable and differ between images", "[data]") {
  const Slices slices = twins(40, 6, 7);
  const RandomTransform options{.flip_rows = true, .flip_columns = true, .crop = {4, 4}};
  const random::Key key{.seed = 3, .site = 1, .step = 9, .purpose = random::Purpose::augment};
  const Slices once = random_transform(slices, options, key);
  CHECK(once.images.shape() == Shape{40, 2, 4, 4});
  CHECK(still_twins(once));
  CHECK(random_transform(slices, options, key).labels == once.labels);
  random::Key later = key;
  later.step = 10;
  CHECK(random_transform(slices, options, later).labels != once.labels);
  std::set<int> steps;  // from the first pixel to the next: its sign says which way x runs
  std::set<int> corners;
  for (int n = 0; n < 40; ++n) {
    const int first = once.labels.at(n, 0, 0);
    steps.insert(once.labels.at(n, 0, 1) - first);
    corners.insert(first - 7 * n);
  }
  CHECK(steps.count(1) == 1);
  CHECK(steps.count(-1) == 1);
  CHECK(corners.size() > 10);
  // An image's fate does not depend on how many others there are.
  const Slices first = gather(slices, std::vector<std::size_t>{0, 1, 2});
  const Slices few = random_transform(first, options, key);
  CHECK(few.labels == gather(once, std::vector<std::size_t>{0, 1, 2}).labels);
}

TEST_CASE("A crop larger than the image is refused", "[data]") {
  CHECK_THROWS_WITH(random_transform(twins(1, 3, 4), {.crop = {3, 5}}, {}),
                    "random_transform: a crop of 3x5 from images of 3x4");
}

}  // namespace
}  // namespace asyndgan::data
