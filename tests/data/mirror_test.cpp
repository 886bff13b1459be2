// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/mirror.hpp"

#include "asyndgan/data/phantom.hpp"
#include "support/catch.hpp"

namespace asyndgan::data {
namespace {

TEST_CASE("A mirrored image has its labels mirrored, and no other image changes", "[data]") {
  const Slices before = phantom({.count = 3, .height = 5, .width = 7, .channels = 2});
  Slices after = before;
  mirror(after, 1);
  CHECK(after.images(1, 1, 4, 0) == before.images(1, 1, 4, 6));
  CHECK(after.images(1, 0, 2, 5) == before.images(1, 0, 2, 1));
  CHECK(after.labels.at(1, 3, 6) == before.labels.at(1, 3, 0));
  CHECK(after.images(0, 1, 4, 0) == before.images(0, 1, 4, 0));
  CHECK(after.labels.at(2, 3, 6) == before.labels.at(2, 3, 6));
  mirror(after, 1);
  CHECK((after.labels == before.labels));
}

}  // namespace
}  // namespace asyndgan::data
