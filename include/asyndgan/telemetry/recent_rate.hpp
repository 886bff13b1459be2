// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <utility>

namespace asyndgan::telemetry {

/// How fast a count grows, by the last 30 seconds: a resumed or slowed run is told right within
/// half a minute.
class RecentRate {
 public:
  /// Requires  seconds and count at or above those before.
  void add(double seconds, std::int64_t count) {
    samples_.emplace_back(seconds, count);
    while (samples_.size() > 2 && samples_[1].first < seconds - kWindow) samples_.pop_front();
  }

  /// 0 before the second sample.
  [[nodiscard]] double per_second() const {
    if (samples_.empty()) return 0;
    const auto& [first_time, first_count] = samples_.front();
    const auto& [last_time, last_count] = samples_.back();
    const double seconds = last_time - first_time;
    return seconds > 0 ? static_cast<double>(last_count - first_count) / seconds : 0;
  }

 private:
  static constexpr double kWindow = 30;  // seconds

  std::deque<std::pair<double, std::int64_t>> samples_;  // (seconds, count)
};

}  // namespace asyndgan::telemetry
