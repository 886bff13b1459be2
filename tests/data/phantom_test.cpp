// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/phantom.hpp"

#include <set>

#include "support/catch.hpp"

namespace asyndgan::data {
namespace {

TEST_CASE("Phantom slices hold every class, within range", "[data]") {
  for (const int classes : {2, 3, 5, 8}) {
    const Slices slices = phantom(
        {.count = 20, .height = 24, .width = 31, .channels = 2, .classes = classes, .seed = 5});
    require_consistent(slices);
    CHECK(slices.images.shape() == Shape{20, 2, 24, 31});
    for (const float value : slices.images.values()) REQUIRE(std::abs(value) <= 1);
    for (int i = 0; i < 20; ++i) {
      std::set<int> seen;
      for (int y = 0; y < 24; ++y) {
        for (int x = 0; x < 31; ++x) seen.insert(slices.labels.at(i, y, x));
      }
      CAPTURE(classes, i);
      CHECK(seen.size() == static_cast<std::size_t>(classes));
    }
  }
}

TEST_CASE("A phantom image does not depend on how many are drawn", "[data]") {
  const Slices many = phantom({.count = 5, .channels = 2, .seed = 1});
  const Slices few = phantom({.count = 2, .channels = 2, .seed = 1});
  const Slices first = gather(many, std::vector<std::size_t>{0, 1});
  CHECK(first.images.to_host() == few.images.to_host());
  CHECK(first.labels == few.labels);
  CHECK(first.info == few.info);
}

TEST_CASE("Seeds, sites and images differ", "[data]") {
  const Slices base = phantom({.count = 2, .seed = 1, .site = 1});
  CHECK(base.images.to_host() != phantom({.count = 2, .seed = 2, .site = 1}).images.to_host());
  CHECK(base.images.to_host() != phantom({.count = 2, .seed = 1, .site = 2}).images.to_host());
  CHECK(gather(base, std::vector<std::size_t>{0}).labels !=
        gather(base, std::vector<std::size_t>{1}).labels);
}

TEST_CASE("Classes of a phantom differ in every channel", "[data]") {
  const Slices slices =
      phantom({.count = 4, .height = 48, .width = 48, .channels = 3, .classes = 6, .seed = 9});
  for (int c = 0; c < 3; ++c) {
    std::vector<double> sums(6);
    std::vector<double> counts(6);
    for (int i = 0; i < 4; ++i) {
      for (int y = 0; y < 48; ++y) {
        for (int x = 0; x < 48; ++x) {
          const std::size_t label = slices.labels.at(i, y, x);
          sums[label] += static_cast<double>(slices.images(i, c, y, x));
          counts[label] += 1;
        }
      }
    }
    for (std::size_t a = 0; a < 6; ++a) {
      for (std::size_t b = a + 1; b < 6; ++b) {
        CAPTURE(c, a, b);
        CHECK(std::abs(sums[a] / counts[a] - sums[b] / counts[b]) > 0.05);  // 0.081 measured
      }
    }
  }
}

TEST_CASE("A phantom that cannot be drawn is refused", "[data]") {
  CHECK_THROWS_WITH(phantom({.classes = 1}),
                    "phantom: 8 images of 32x32 with 1 channels and 1 classes");
}

}  // namespace
}  // namespace asyndgan::data
