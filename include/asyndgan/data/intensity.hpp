// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"

/// Transforms of intensities, in place. Where the result depends on the values (percentiles,
/// mean), they are those of the span: give a whole volume, so that its slices stay comparable.
namespace asyndgan::data {

/// The value below which `percent` of the values lie, linear between neighbours.
///
/// Requires  0 <= percent <= 100 and at least one value; ContractViolation otherwise.
[[nodiscard]] inline double percentile(std::span<const float> values, double percent) {
  if (values.empty() || !(percent >= 0 && percent <= 100)) {
    throw ContractViolation("percentile: " + std::to_string(percent) + " % of " +
                            std::to_string(values.size()) + " values");
  }
  std::vector<float> copy(values.begin(), values.end());
  const double place = percent / 100 * static_cast<double>(copy.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto nth = copy.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(copy.begin(), nth, copy.end());
  const auto low = static_cast<double>(*nth);
  if (below + 1 == copy.size()) return low;
  const auto high = static_cast<double>(*std::min_element(nth + 1, copy.end()));
  return low + (place - static_cast<double>(below)) * (high - low);
}

/// [low, high] becomes [-1, 1]; what lies outside is clipped. Throws ContractViolation unless
/// low < high.
inline void to_unit_range(std::span<float> values, double low, double high) {
  if (!(low < high)) {
    throw ContractViolation("to_unit_range: from " + std::to_string(low) + " to " +
                            std::to_string(high));
  }
  for (float& value : values) {
    const double share = (static_cast<double>(value) - low) / (high - low);
    value = static_cast<float>(2 * std::clamp(share, 0.0, 1.0) - 1);
  }
}

/// Clips to the given percentiles and scales them to [-1, 1]. Throws DataError if the two are
/// equal, as in an empty image.
inline void percentile_clip(std::span<float> values, double low_percent, double high_percent) {
  const double low = percentile(values, low_percent);
  const double high = percentile(values, high_percent);
  if (!(low < high)) {
    throw DataError("percentiles " + std::to_string(low_percent) + " and " +
                    std::to_string(high_percent) + " are both " + std::to_string(low) +
                    ", expected an image with contrast");
  }
  to_unit_range(values, low, high);
}

/// [centre - width / 2, centre + width / 2] becomes [-1, 1], clipped: a radiologist's window.
///
/// Units  centre and width in those of the values, Hounsfield units for CT.
inline void window(std::span<float> values, double centre, double width) {
  to_unit_range(values, centre - width / 2, centre + width / 2);
}

/// Mean 0 and standard deviation 1 (of the population). Throws DataError for equal values.
inline void z_score(std::span<float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value);
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0;
  for (const float value : values) {
    squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  }
  const double deviation = std::sqrt(squares / static_cast<double>(values.size()));
  if (!(deviation > 0)) throw DataError("all values are equal, expected an image with contrast");
  for (float& value : values) {
    value = static_cast<float>((static_cast<double>(value) - mean) / deviation);
  }
}

}  // namespace asyndgan::data
