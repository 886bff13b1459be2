// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/telemetry/line_chart.hpp"

namespace asyndgan::telemetry {

/// A curve of any length in bounded memory: when it is full, neighbours become their mean, and
/// from then on a point stands for twice as many values.
class History {
 public:
  /// Throws ContractViolation unless `most` is even and at least 2.
  explicit History(std::size_t most = 512) : most_(most) {
    if (most < 2 || most % 2 != 0) throw ContractViolation("History: an even number of points");
  }

  /// Requires  x at or above those before.
  void add(Point value) {
    sum_.x += value.x;
    sum_.y += value.y;
    if (++summed_ < stride_) return;
    const auto n = static_cast<double>(summed_);
    points_.push_back({sum_.x / n, sum_.y / n});
    sum_ = {};
    summed_ = 0;
    if (points_.size() == most_) halve();
  }

  /// Means of as many values each; the values of a point that is not complete are left out.
  [[nodiscard]] const std::vector<Point>& points() const { return points_; }

 private:
  void halve() {
    for (std::size_t i = 0; i < most_ / 2; ++i) {
      const Point& a = points_[2 * i];
      const Point& b = points_[2 * i + 1];
      points_[i] = {(a.x + b.x) / 2, (a.y + b.y) / 2};
    }
    points_.resize(most_ / 2);
    stride_ *= 2;
  }

  std::size_t most_;
  std::size_t stride_ = 1;  // values to a point
  std::vector<Point> points_;
  Point sum_;
  std::size_t summed_ = 0;
};

}  // namespace asyndgan::telemetry
