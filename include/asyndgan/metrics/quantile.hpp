// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "asyndgan/core/error.hpp"

namespace asyndgan::metrics {

/// The value below which a share of the values lies, linear between neighbours: definition 7,
/// the default of NumPy and R.
///
/// Requires  values is not empty and has no NaN; share in [0, 1].
/// Source    Hyndman & Fan 1996, "Sample quantiles in statistical packages".
[[nodiscard]] inline double quantile(std::vector<double> values, double share) {
  if (values.empty()) throw ContractViolation("quantile: no values");
  if (!(share >= 0 && share <= 1)) throw ContractViolation("quantile: share outside [0, 1]");
  const double position = share * static_cast<double>(values.size() - 1);
  const auto index = static_cast<std::size_t>(position);
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), nth, values.end());
  if (index + 1 == values.size()) return *nth;
  const double above = *std::min_element(nth + 1, values.end());
  return *nth + (position - static_cast<double>(index)) * (above - *nth);
}

}  // namespace asyndgan::metrics
