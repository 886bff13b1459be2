// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/line_chart.hpp"

#include <limits>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

TEST_CASE("A curve runs from frame to frame, high values at the top", "[telemetry]") {
  const LineChart chart{"Losses", "", "step", "loss", {{"D", {{0, 0}, {50, 1}, {100, 0}}}}};
  const std::string picture = svg(chart);
  CHECK_THAT(picture, Catch::Contains("<path class=\"line s0\" d=\"M62.0 252.0L383.0 12.0L704.0 "
                                      "252.0\"/>"));
  CHECK_THAT(picture, Catch::Contains(">0.2</text>") && Catch::Contains(">loss</text>") &&
                          Catch::Contains(">step</text>"));
}

TEST_CASE("A screen reader is told where each curve begins and ends", "[telemetry]") {
  const LineChart chart{"Losses", "", "step", "loss", {{"D & G", {{0, 2}, {1, 0.5}}}}};
  CHECK_THAT(svg(chart), Catch::Contains("aria-label=\"Losses: loss against step. D &amp; G from "
                                         "2 to 0.5.\""));
}

TEST_CASE("A long run is averaged, faintly to 400 and boldly to 60 points", "[telemetry]") {
  std::vector<Point> points(10000);
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i] = {static_cast<double>(i), i % 2 == 0 ? 1. : 3.};
  }
  const auto means = detail::averaged(points, 60);
  REQUIRE(means.size() == 60);
  // An odd bucket of 167 holds one more of one kind: 2 +- 1/167, 0.00599 measured.
  for (const auto& mean : means) CHECK(std::abs(mean.y - 2) < 0.007);
  const std::string picture = svg(LineChart{"", "", "", "", {{"D", points}}});
  CHECK(std::count(picture.begin(), picture.end(), 'L') == 399 + 59);
}

TEST_CASE("Charts without finite values are drawn without curves", "[telemetry]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& points : {std::vector<Point>{}, std::vector<Point>{{1, nan}, {2, nan}}}) {
    const std::string picture = svg(LineChart{"", "", "", "", {{"D", points}}});
    CHECK(picture.find("nan") == std::string::npos);
    CHECK(picture.find("class=\"line") == std::string::npos);
    CHECK_THAT(picture, Catch::EndsWith("</svg>"));
  }
}

TEST_CASE("A run of one step is a dot", "[telemetry]") {
  const std::string picture = svg(LineChart{"", "", "", "", {{"D", {{1, 5}}}}});
  CHECK_THAT(picture, Catch::Contains("h0.1\"/>"));
  CHECK(picture.find("nan") == std::string::npos);
}

}  // namespace
}  // namespace asyndgan::telemetry
