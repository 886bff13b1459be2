// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/history.hpp"

#include "asyndgan/core/error.hpp"
#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

TEST_CASE("A short history is kept as it is", "[telemetry]") {
  History history(4);
  for (const double x : {1.0, 2.0, 3.0}) history.add({x, 10 * x});
  REQUIRE(history.points().size() == 3);
  CHECK(history.points()[2].x == 3);
  CHECK(history.points()[2].y == 30);
}

TEST_CASE("A long history keeps to its memory, and every value counts the same", "[telemetry]") {
  History history(8);
  constexpr int kValues = 1 << 12;
  for (int i = 0; i < kValues; ++i) {
    history.add({static_cast<double>(i), static_cast<double>(i % 2)});
    REQUIRE(history.points().size() < 8);
  }
  REQUIRE(history.points().size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {  // the middle of each quarter
    CHECK(history.points()[i].x == (static_cast<double>(i) + 0.5) * kValues / 4 - 0.5);
    CHECK(history.points()[i].y == 0.5);
  }
}

TEST_CASE("A history needs an even number of points", "[telemetry]") {
  CHECK_THROWS_AS(History(0), ContractViolation);
  CHECK_THROWS_AS(History(5), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::telemetry
