// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "support/benchmark.hpp"

namespace asyndgan::benchmark {

/// What this machine does at most, with all threads of the pool.
struct Roofline {
  double operations = 0;  // of float a second, in registers; a fused multiply-add is two
  double bytes = 0;       // a second, read and written, of memory that no cache holds

  /// Seconds that so many operations on so many bytes from memory take at least.
  [[nodiscard]] double bound(double of_operations, double of_bytes) const {
    return std::max(of_operations / operations, of_bytes / bytes);
  }
};

/// Its operations only, which take no memory. Takes `seconds`, prints them and adds their row:
/// beside times from a shared machine it says how fast the machine was.
[[nodiscard]] double probe_operations(const Arguments& arguments, double seconds,
                                      telemetry::Rows& rows);

/// Both, likewise.
[[nodiscard]] Roofline measure_roofline(const Arguments& arguments, double seconds,
                                        telemetry::Rows& rows);

}  // namespace asyndgan::benchmark
