// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/modality/condition.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::modality {
namespace {

LabelMap example() {
  LabelMap labels(2, 1, 3);
  labels.labels = {0, 2, 1, 1, 1, 0};
  return labels;
}

TEMPLATE_LIST_TEST_CASE("one_hot marks the class of every pixel in its own channel", "[modality]",
                        test::Devices) {
  const auto result = one_hot<double, TestType>(example(), 3);
  CHECK(result.shape() == Shape{2, 3, 1, 3});
  CHECK(result.to_host() == std::vector<double>{1, 0, 0, 0, 0, 1, 0, 1, 0,    // first map
                                                0, 0, 1, 1, 1, 0, 0, 0, 0});  // second
}

TEMPLATE_LIST_TEST_CASE("grey_levels are even and the same in every map", "[modality]",
                        test::Devices) {
  const auto result = grey_levels<float, TestType>(example(), 3);
  CHECK(result.shape() == Shape{2, 1, 1, 3});
  CHECK(result.to_host() == std::vector<float>{-1, 1, 0, 0, 0, -1});
}

TEST_CASE("A label that is no class is refused, with its place", "[modality]") {
  CHECK_THROWS_WITH(one_hot<float>(example(), 2),
                    "one_hot: label 2 with 2 classes, at pixel 1 of map 0");
  CHECK_THROWS_WITH(grey_levels<float>(example(), 2),
                    "grey_levels: label 2 with 2 classes, at pixel 1 of map 0");
  CHECK_THROWS_WITH(grey_levels<float>(LabelMap(1, 1, 1), 1), "grey_levels: 1 classes, at least 2");
}

TEST_CASE("No maps give no conditions", "[modality]") {
  CHECK(one_hot<float>(LabelMap(0, 4, 5), 3).shape() == Shape{0, 3, 4, 5});
}

}  // namespace
}  // namespace asyndgan::modality
