// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/telemetry/axis.hpp"
#include "asyndgan/telemetry/html.hpp"
#include "asyndgan/telemetry/text.hpp"

namespace asyndgan::telemetry {

struct Point {
  double x = 0;
  double y = 0;
};

struct Curve {
  std::string name;
  std::vector<Point> points;  // x ascending
};

struct LineChart {
  std::string title;
  std::string note;
  std::string x_label;
  std::string y_label;
  std::vector<Curve> curves;  // at most six keep a colour of their own
};

namespace detail {

/// Pixels of the picture and of the margins that hold the axes.
inline constexpr double kChartWidth = 720, kChartHeight = 300;
inline constexpr double kLeft = 62, kRight = 16, kTop = 12, kBottom = 48;

/// Means over at most `buckets` runs of equal length: noise becomes a line one can follow, and
/// a long run does not grow the file.
[[nodiscard]] inline std::vector<Point> averaged(const std::vector<Point>& points,
                                                 std::size_t buckets) {
  std::vector<Point> means;
  const std::size_t count = std::min(points.size(), buckets);
  for (std::size_t b = 0; b < count; ++b) {
    const std::size_t begin = b * points.size() / count;
    const std::size_t end = (b + 1) * points.size() / count;
    Point mean;
    std::size_t finite = 0;
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::isfinite(points[i].y)) continue;
      mean.x += points[i].x;
      mean.y += points[i].y;
      ++finite;
    }
    const auto n = static_cast<double>(finite);
    if (finite > 0) means.push_back({mean.x / n, mean.y / n});
  }
  return means;
}

class LinePlot {
 public:
  explicit LinePlot(const LineChart& chart) : chart_(chart) {
    double low_x = std::numeric_limits<double>::infinity(), high_x = -low_x;
    double low_y = low_x, high_y = -low_x;
    for (const auto& curve : chart.curves) {
      fine_.push_back(averaged(curve.points, 400));
      smooth_.push_back(averaged(curve.points, 60));
      for (const auto& [x, y] : fine_.back()) {
        low_x = std::min(low_x, x), high_x = std::max(high_x, x);
        low_y = std::min(low_y, y), high_y = std::max(high_y, y);
      }
    }
    x_ = nice_axis(low_x, high_x, 6);
    y_ = nice_axis(low_y, high_y, 5);
    if (std::isfinite(low_x) && high_x > low_x) {  // curves end at the frame
      x_.low = low_x, x_.high = high_x;
      std::erase_if(x_.ticks, [&](double tick) { return tick < low_x || tick > high_x; });
    }
  }

  [[nodiscard]] std::string svg() const {
    std::string out = "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 " + fixed(kChartWidth, 0) +
                      " " + fixed(kChartHeight, 0) + "\" aria-label=\"" + escape_html(spoken()) +
                      "\">";
    draw_axes(out);
    for (std::size_t i = 0; i < chart_.curves.size(); ++i) {
      const std::string series = std::to_string(i % 6);
      if (fine_[i].size() > smooth_[i].size()) draw(out, fine_[i], "faint s" + series);
      draw(out, smooth_[i], "line s" + series);
    }
    return out + "</svg>";
  }

 private:
  [[nodiscard]] double px(double x) const {
    return kLeft + x_.fraction(x) * (kChartWidth - kLeft - kRight);
  }
  [[nodiscard]] double py(double y) const {
    return kChartHeight - kBottom - y_.fraction(y) * (kChartHeight - kTop - kBottom);
  }

  /// What a screen reader says: each curve's name, first and last value.
  [[nodiscard]] std::string spoken() const {
    std::string text = chart_.title + ": " + chart_.y_label + " against " + chart_.x_label + ".";
    for (std::size_t i = 0; i < chart_.curves.size(); ++i) {
      if (smooth_[i].empty()) continue;
      text += " " + chart_.curves[i].name + " from " + significant(smooth_[i].front().y) + " to " +
              significant(smooth_[i].back().y) + ".";
    }
    return text;
  }

  void draw_axes(std::string& out) const {
    const double right = kChartWidth - kRight;
    const double bottom = kChartHeight - kBottom;
    for (const double tick : y_.ticks) {
      const std::string y = fixed(py(tick), 1);
      out += "<path class=\"grid\" d=\"M" + fixed(kLeft, 0) + " " + y + "H" + fixed(right, 0) +
             "\"/>" + text(kLeft - 8, py(tick) + 4, "end", significant(tick));
    }
    for (const double tick : x_.ticks) {
      out += "<path class=\"tick\" d=\"M" + fixed(px(tick), 1) + " " + fixed(bottom, 0) + "v5\"/>" +
             text(px(tick), bottom + 18, "middle", significant(tick));
    }
    out += "<path class=\"axis\" d=\"M" + fixed(kLeft, 0) + " " + fixed(bottom, 0) + "H" +
           fixed(right, 0) + "\"/>";
    out += text((kLeft + right) / 2, kChartHeight - 8, "middle", chart_.x_label);
    out += "<text class=\"label\" text-anchor=\"middle\" transform=\"translate(14 " +
           fixed((kTop + bottom) / 2, 0) + ") rotate(-90)\">" + escape_html(chart_.y_label) +
           "</text>";
  }

  [[nodiscard]] static std::string text(double x, double y, const std::string& anchor,
                                        const std::string& content) {
    return "<text x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) + "\" text-anchor=\"" + anchor +
           "\">" + escape_html(content) + "</text>";
  }

  void draw(std::string& out, const std::vector<Point>& points, const std::string& style) const {
    if (points.empty()) return;
    out += "<path class=\"" + style + "\" d=\"";
    char command = 'M';
    for (const auto& point : points) {
      out += command + fixed(px(point.x), 1) + " " + fixed(py(point.y), 1);
      command = 'L';
    }
    out += points.size() == 1 ? "h0.1\"/>" : "\"/>";  // a dot, by its round cap
  }

  const LineChart& chart_;
  std::vector<std::vector<Point>> fine_;
  std::vector<std::vector<Point>> smooth_;
  Axis x_;
  Axis y_;
};

}  // namespace detail

/// `chart` as an SVG element without outside references: a faint line of the values, a bold one
/// of means over sixtieths of the run. Its colours are classes of report.hpp's style sheet.
[[nodiscard]] inline std::string svg(const LineChart& chart) {
  return detail::LinePlot(chart).svg();
}

}  // namespace asyndgan::telemetry
