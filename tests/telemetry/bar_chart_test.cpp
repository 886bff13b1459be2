// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/bar_chart.hpp"

#include <limits>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

TEST_CASE("Bars grow from zero in proportion, intervals as whiskers", "[telemetry]") {
  const BarChart chart{"Dice", "", "mean Dice", {{"a", 0.5, 0.25, 0.75}, {"b", 1.0, 1.0, 1.0}}};
  const std::string picture = svg(chart);
  CHECK_THAT(picture, Catch::Contains("width=\"238.0\"") && Catch::Contains("width=\"476.0\""));
  CHECK_THAT(picture, Catch::Contains("<path class=\"whisker\" d=\"M289.0 19.0H527.0"));
  CHECK(picture.find("whisker") == picture.rfind("whisker"));  // b has no interval
  CHECK_THAT(picture, Catch::Contains("aria-label=\"Dice. a 0.500. b 1.000.\""));
}

TEST_CASE("A value that is missing has a name, a dash and no bar", "[telemetry]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string picture = svg(BarChart{"Dice", "", "", {{"<a>", nan, nan, nan}}});
  CHECK_THAT(picture, Catch::Contains("&lt;a&gt;") && Catch::Contains("\u2013"));
  CHECK(picture.find("<rect") == std::string::npos);
  CHECK(picture.find("nan") == std::string::npos);
}

}  // namespace
}  // namespace asyndgan::telemetry
