// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/text.hpp"

#include <limits>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

TEST_CASE("Numbers are written for readers", "[telemetry]") {
  CHECK(fixed(0.8454, 3) == "0.845");
  CHECK(fixed(-2, 0) == "-2");
  CHECK(fixed(std::numeric_limits<double>::quiet_NaN(), 3) == "\u2013");
  CHECK(significant(0.012345) == "0.0123");
  CHECK(significant(1500) == "1500");
  CHECK(significant(12345) == "12345");
  CHECK(significant(2e-5) == "2e-05");
  CHECK(significant(std::numeric_limits<double>::infinity()) == "\u2013");
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(11378179) == "11,378,179");
}

TEST_CASE("Bytes keep three digits and never read 1000 of a unit", "[telemetry]") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(812) == "812 B");
  CHECK(bytes_text(999.6) == "1.00 kB");
  CHECK(bytes_text(49300) == "49.3 kB");
  CHECK(bytes_text(999400) == "999 kB");
  CHECK(bytes_text(1.46e9) == "1.46 GB");
  CHECK(bytes_text(3e18) == "3000 PB");
}

TEST_CASE("Durations read like a clock", "[telemetry]") {
  CHECK(clock_text(0) == "0:00");
  CHECK(clock_text(7.4) == "0:07");
  CHECK(clock_text(59.6) == "1:00");
  CHECK(clock_text(750) == "12:30");
  CHECK(clock_text(3723) == "1:02:03");
  CHECK(clock_text(-1) == "-:--");
  CHECK(clock_text(std::numeric_limits<double>::infinity()) == "-:--");
}

TEST_CASE("Columns are counted by character, not by byte", "[telemetry]") {
  CHECK(columns("m\u00fcller") == 6);
  CHECK(first_columns("m\u00fcller", 2) == "m\u00fc");
  CHECK(first_columns("abc", 5) == "abc");
  CHECK(first_columns("abc", 0).empty());
}

}  // namespace
}  // namespace asyndgan::telemetry
