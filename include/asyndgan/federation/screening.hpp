// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/shape.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/protocol/checksum.hpp"

namespace asyndgan::federation {

/// When the centre does not use a site's gradient, and when it stops to ask for more of them.
struct Screening {
  /// To the median of what the other sites sent last; 0: any size. With fewer than two others
  /// nobody can tell which of two sites is wrong.
  double largest_ratio = 1000;
  int strikes = 3;  // unusable gradients in a row that a site is allowed, less one
};

/// What the centre remembers of a site's gradients, over its departures too.
struct Conduct {
  double magnitude = 0;         // of the last that was used; 0: none yet
  std::uint32_t last_sent = 0;  // digest of it
  int strikes = 0;              // unusable ones since
};

/// What is to be known of dL/dfake to judge it.
struct GradientTraits {
  double magnitude = 0;      // root of the mean square; not finite where a value is not
  bool flat = false;         // no plane (H, W) varies, and not all is 0
  std::uint32_t digest = 0;  // of the bytes
};

/// Shapes  (N, C, H, W).
template <std::floating_point T>
[[nodiscard]] GradientTraits gradient_traits(const Shape& shape, std::span<const T> values) {
  const auto squares =
      std::transform_reduce(values.begin(), values.end(), 0.0, std::plus<>(), [](T value) {
        const auto exact = static_cast<double>(value);
        return exact * exact;
      });
  GradientTraits traits{.digest = protocol::crc32c(std::as_bytes(values))};
  if (values.empty()) return traits;
  traits.magnitude = std::sqrt(squares / static_cast<double>(values.size()));
  const std::size_t plane = shape.plane();
  traits.flat = plane > 1 && squares > 0;
  for (std::size_t at = 0; traits.flat && at < values.size(); at += plane) {
    const auto part = values.subspan(at, plane);
    traits.flat = std::all_of(part.begin(), part.end(), [&](T value) { return value == part[0]; });
  }
  return traits;
}

template <std::floating_point T, Device D>
[[nodiscard]] GradientTraits gradient_traits(const Tensor<T, D>& d_fake) {
  if constexpr (std::same_as<D, Cpu>) {
    return gradient_traits(d_fake.shape(), d_fake.values());
  } else {
    const std::vector<T> values = d_fake.to_host();
    return gradient_traits(d_fake.shape(), std::span<const T>(values));
  }
}

/// Median of those above 0; 0 if there are none.
[[nodiscard]] inline double typical_magnitude(std::span<const double> magnitudes) {
  std::vector<double> known(magnitudes.begin(), magnitudes.end());
  std::erase(known, 0.0);
  if (known.empty()) return 0;
  std::sort(known.begin(), known.end());
  const std::size_t half = known.size() / 2;
  return known.size() % 2 == 1 ? known[half] : (known[half - 1] + known[half]) / 2;
}

/// Why a gradient is not to be used, whatever others send; empty where it may be. A gradient of
/// zeros says nothing and harms nobody.
[[nodiscard]] inline std::string why_unusable(const GradientTraits& gradient,
                                              const Conduct& conduct) {
  if (!std::isfinite(gradient.magnitude)) return "has a value that is not finite";
  if (gradient.flat) return "is the same in every pixel";
  if (gradient.magnitude > 0 && gradient.digest == conduct.last_sent) {
    return "is that of the fakes before, bit for bit";
  }
  return {};
}

/// Why a gradient is not to be used beside those of the other sites, whose last magnitudes are
/// `others`; empty where it may be.
[[nodiscard]] inline std::string why_too_large(double magnitude, std::span<const double> others,
                                               const Screening& screening) {
  const auto known = std::count_if(others.begin(), others.end(), [](double m) { return m > 0; });
  const double ratio = magnitude / typical_magnitude(others);
  if (screening.largest_ratio == 0 || known < 2 || !(ratio > screening.largest_ratio)) return {};
  char text[64];
  std::snprintf(text, sizeof text, "is %.3g times as large as the other sites'", ratio);
  return text;
}

}  // namespace asyndgan::federation
