// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace asyndgan::telemetry {

/// Round numbers to mark on an axis, and the range they span.
struct Axis {
  double low = 0;
  double high = 1;
  std::vector<double> ticks;

  /// Position of `value` between low (0) and high (1).
  [[nodiscard]] double fraction(double value) const { return (value - low) / (high - low); }
};

/// An axis over [low, high] with about `intervals` steps of 1, 2 or 5 times a power of ten.
/// Both ends lie on ticks. An empty or unordered range becomes one of width 1 around `low`.
[[nodiscard]] inline Axis nice_axis(double low, double high, int intervals = 5) {
  if (!std::isfinite(low) || !std::isfinite(high)) low = 0, high = 1;
  if (!(high - low > 1e-12 * std::max(std::abs(low), std::abs(high)))) low -= 0.5, high = low + 1;
  const double rough = (high - low) / std::max(1, intervals);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double lead = rough / power;  // in [1, 10)
  const double step = power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10);
  Axis axis{std::floor(low / step) * step, std::ceil(high / step) * step, {}};
  const auto count = static_cast<int>(std::lround((axis.high - axis.low) / step));
  for (int i = 0; i <= count; ++i) {
    const double tick = axis.low + i * step;
    axis.ticks.push_back(std::abs(tick) < step * 1e-9 ? 0 : tick);
  }
  return axis;
}

}  // namespace asyndgan::telemetry
