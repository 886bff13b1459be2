// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/label_map.hpp"

#include <cstdint>
#include <vector>

#include "support/catch.hpp"

namespace asyndgan {
namespace {

TEST_CASE("A label map is background at first, stored image by image and row by row", "[core]") {
  LabelMap map(2, 3, 4);
  CHECK(map.plane() == 12);
  CHECK(map.labels == std::vector<std::uint8_t>(24));
  map.at(1, 2, 3) = 7;
  map.at(0, 1, 2) = 200;
  CHECK(map.labels[23] == 7);
  CHECK(map.labels[6] == 200);
  const LabelMap& same = map;
  CHECK(same.at(1, 2, 3) == 7);
}

TEST_CASE("Label maps are equal if extents and labels are", "[core]") {
  LabelMap map(1, 2, 3);
  CHECK(map == LabelMap(1, 2, 3));
  CHECK(map != LabelMap(1, 3, 2));  // as many pixels
  map.at(0, 0, 1) = 1;
  CHECK(map != LabelMap(1, 2, 3));
}

TEST_CASE("A label map may be empty, and refuses negative extents by name", "[core]") {
  CHECK(LabelMap(0, 5, 5).labels.empty());
  CHECK_THROWS_WITH(LabelMap(1, -2, 3), "LabelMap: negative extent in (1, -2, 3)");
}

}  // namespace
}  // namespace asyndgan
