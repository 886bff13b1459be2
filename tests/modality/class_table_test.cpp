// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/modality/class_table.hpp"

#include "support/catch.hpp"

namespace asyndgan::modality {
namespace {

TEST_CASE("Several label values may mean one class", "[modality]") {
  const ClassTable table({{"background", {0, 99}}, {"head", {300}}, {"lesion", {4, 3}}});
  CHECK(table.names() == std::vector<std::string>{"background", "head", "lesion"});
  const LabelMap map = table.classify({2, 3, {0, 300, 4, 3, 99, 300}});
  CHECK(map.n == 1);
  CHECK(map.h == 2);
  CHECK(map.w == 3);
  CHECK(map.labels == std::vector<std::uint8_t>{0, 1, 2, 2, 0, 1});
}

TEST_CASE("A value that is no class is refused with its place and those that are", "[modality]") {
  const ClassTable table = ClassTable::in_order({"background", "head"});
  CHECK_THROWS_WITH(table.classify({2, 3, {0, 1, 1, 0, 0, 7}}),
                    "label 7 at row 1, column 2 is no class, expected 0 background, 1 head");
  CHECK_THROWS_AS(table.classify({1, 1, {2}}), DataError);
}

TEST_CASE("A table that contradicts itself cannot be made", "[modality]") {
  const std::vector<NamedClass> twice{{"a", {0}}, {"b", {1, 0}}};
  CHECK_THROWS_WITH(ClassTable(twice), "ClassTable: value 0 is in two classes, the second is 'b'");
  CHECK_THROWS_WITH(ClassTable::in_order({"background", "liver", "spleen", "liver"}),
                    "ClassTable: classes 1 and 3 are both named 'liver'");
  const std::vector<NamedClass> one{{"a", {0}}};
  CHECK_THROWS_WITH(ClassTable(one), "ClassTable: 1 classes, expected 2 to 256");
}

}  // namespace
}  // namespace asyndgan::modality
