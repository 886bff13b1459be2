// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/shape.hpp"

#include "support/catch.hpp"

namespace asyndgan {
namespace {

static_assert(Shape{2, 3, 5, 7}.plane() == 35);
static_assert(Shape{2, 3, 5, 7}.image() == 105);
static_assert(Shape{2, 3, 5, 7}.size() == 210);
static_assert(Shape{0, 3, 5, 7}.size() == 0);
static_assert(Shape{1, 1, 2, 3} != Shape{1, 1, 3, 2});

TEST_CASE("The size of a large tensor does not overflow", "[core]") {
  CHECK((Shape{64, 1024, 512, 512}.size()) == std::size_t{1} << 34);
}

TEST_CASE("A shape is written as in the documentation", "[core]") {
  CHECK(to_string(Shape{1, 3, 256, 128}) == "(1, 3, 256, 128)");
}

}  // namespace
}  // namespace asyndgan
