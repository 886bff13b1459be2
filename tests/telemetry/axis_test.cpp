// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/axis.hpp"

#include <limits>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

TEST_CASE("Ticks are round and span the values", "[telemetry]") {
  const Axis axis = nice_axis(0, 1487);
  CHECK(axis.low == 0);
  CHECK(axis.high == 1600);
  CHECK(axis.ticks == std::vector<double>{0, 200, 400, 600, 800, 1000, 1200, 1400, 1600});
  CHECK(axis.fraction(800) == 0.5);
}

TEST_CASE("Ticks of an axis through zero include zero itself", "[telemetry]") {
  const Axis axis = nice_axis(-0.31, 0.42);
  CHECK(std::count(axis.ticks.begin(), axis.ticks.end(), 0.0) == 1);
  CHECK(axis.low <= -0.31);
  CHECK(axis.high >= 0.42);
}

TEST_CASE("A range without extent still gives an axis", "[telemetry]") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const auto& axis : {nice_axis(3, 3), nice_axis(infinity, -infinity), nice_axis(5, 2)}) {
    CHECK(axis.high > axis.low);
    CHECK(axis.ticks.size() >= 2);
  }
}

}  // namespace
}  // namespace asyndgan::telemetry
