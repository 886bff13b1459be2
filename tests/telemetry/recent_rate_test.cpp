// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/recent_rate.hpp"

#include <cstdint>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

TEST_CASE("A rate needs two moments", "[telemetry]") {
  RecentRate rate;
  CHECK(rate.per_second() == 0);
  rate.add(5, 100);
  CHECK(rate.per_second() == 0);
  rate.add(5, 100);
  CHECK(rate.per_second() == 0);
  rate.add(7, 110);
  CHECK(rate.per_second() == 5);
}

TEST_CASE("What stands still has a rate of zero after half a minute", "[telemetry]") {
  RecentRate rate;
  for (int second = 0; second <= 100; ++second) rate.add(second, std::int64_t{3} * second);
  CHECK(rate.per_second() == 3);
  for (int second = 101; second <= 115; ++second) rate.add(second, 300);
  // By the sample before the window too.
  CHECK(rate.per_second() == Approx(48.0 / 31).epsilon(1e-15));  // measured 0
  for (int second = 116; second <= 131; ++second) rate.add(second, 300);
  CHECK(rate.per_second() == 0);
}

}  // namespace
}  // namespace asyndgan::telemetry
