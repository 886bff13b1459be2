// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "asyndgan/telemetry/axis.hpp"
#include "asyndgan/telemetry/html.hpp"
#include "asyndgan/telemetry/text.hpp"

namespace asyndgan::telemetry {

struct Bar {
  std::string name;
  double value = 0;
  double low = 0;  // of the interval; low == high draws none
  double high = 0;
  bool emphasised = false;
};

/// Horizontal bars from zero, with intervals as whiskers.
struct BarChart {
  std::string title;
  std::string note;
  std::string x_label;
  std::vector<Bar> bars;  // values >= 0; NaN draws nothing
};

namespace detail {

inline constexpr double kBarRow = 34, kBarHeight = 18, kBarLeft = 170, kBarRight = 74;

inline void draw_bar(std::string& out, const Bar& bar, const Axis& axis, double y, double width) {
  const auto px = [&](double value) {
    return kBarLeft + std::clamp(axis.fraction(value), 0.0, 1.0) * (width - kBarLeft - kBarRight);
  };
  const double middle = y + kBarHeight / 2;
  const std::string weight = bar.emphasised ? " class=\"strong\"" : "";
  out += "<text x=\"" + fixed(kBarLeft - 10, 0) + "\" y=\"" + fixed(middle + 4, 1) +
         "\" text-anchor=\"end\"" + weight + ">" + escape_html(bar.name) + "</text>";
  double end = kBarLeft;
  if (std::isfinite(bar.value)) {
    end = px(bar.value);
    out += std::string("<rect class=\"bar") + (bar.emphasised ? " main" : "") + "\" x=\"" +
           fixed(kBarLeft, 0) + "\" y=\"" + fixed(y, 1) + "\" width=\"" + fixed(end - kBarLeft, 1) +
           "\" height=\"" + fixed(kBarHeight, 0) + "\" rx=\"2\"/>";
  }
  if (std::isfinite(bar.value) && bar.high > bar.low) {
    out += "<path class=\"whisker\" d=\"M" + fixed(px(bar.low), 1) + " " + fixed(middle, 1) + "H" +
           fixed(px(bar.high), 1) + "M" + fixed(px(bar.low), 1) + " " + fixed(middle - 4, 1) +
           "v8M" + fixed(px(bar.high), 1) + " " + fixed(middle - 4, 1) + "v8\"/>";
    end = std::max(end, px(bar.high));
  }
  out += "<text x=\"" + fixed(end + 8, 1) + "\" y=\"" + fixed(middle + 4, 1) + "\"" + weight + ">" +
         fixed(bar.value, 3) + "</text>";
}

}  // namespace detail

/// `chart` as an SVG element without outside references, in report.hpp's style sheet.
[[nodiscard]] inline std::string svg(const BarChart& chart) {
  constexpr double kWidth = 720;
  double most = 0;
  std::string spoken = chart.title + ".";
  for (const auto& bar : chart.bars) {
    if (std::isfinite(bar.value)) most = std::max({most, bar.value, bar.high});
    spoken += " " + bar.name + " " + fixed(bar.value, 3) + ".";
  }
  const Axis axis = nice_axis(0, most > 0 ? most : 1);
  const double bottom = static_cast<double>(chart.bars.size()) * detail::kBarRow + 6;
  std::string out = "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 " + fixed(kWidth, 0) + " " +
                    fixed(bottom + 44, 0) + "\" aria-label=\"" + escape_html(spoken) + "\">";
  for (const double tick : axis.ticks) {
    const double x =
        detail::kBarLeft + axis.fraction(tick) * (kWidth - detail::kBarLeft - detail::kBarRight);
    out += "<path class=\"grid\" d=\"M" + fixed(x, 1) + " 2V" + fixed(bottom, 0) +
           "\"/><text x=\"" + fixed(x, 1) + "\" y=\"" + fixed(bottom + 17, 0) +
           "\" text-anchor=\"middle\">" + significant(tick) + "</text>";
  }
  for (std::size_t i = 0; i < chart.bars.size(); ++i) {
    detail::draw_bar(out, chart.bars[i], axis, static_cast<double>(i) * detail::kBarRow + 10,
                     kWidth);
  }
  const double centre = (detail::kBarLeft + kWidth - detail::kBarRight) / 2;
  return out + "<text x=\"" + fixed(centre, 0) + "\" y=\"" + fixed(bottom + 38, 0) +
         "\" text-anchor=\"middle\">" + escape_html(chart.x_label) + "</text></svg>";
}

}  // namespace asyndgan::telemetry
