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
#include <utility>
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

/// What the centre remembers of a site's gradients, over its departures and its own restarts too.
struct Conduct {
  double magnitude = 0;        // of the last that was used; 0: none yet
  std::int64_t last_sent = 0;  // digest of it
  std::int64_t strikes = 0;    // unusable ones since
  std::int64_t expelled = 0;   // 1: the run does not take the site back
};

/// What is to be known of dL/dfake to judge it.
struct GradientTraits {
  double magnitude = 0;     // root of the mean square; not finite where a value is not
  bool flat = false;        // no plane (H, W) varies, and not all is 0
  std::int64_t digest = 0;  // of the bytes
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

/// How large the gradients are that all sites sent last, looked through once to compare each with.
class Magnitudes {
 public:
  /// 0 is that of a site that has sent none.
  explicit Magnitudes(std::vector<double> of_sites) {
    std::erase(of_sites, 0.0);
    known_ = of_sites.size();
    if (known_ == 0) return;
    const auto half = of_sites.begin() + static_cast<std::ptrdiff_t>(known_ / 2);
    std::nth_element(of_sites.begin(), half, of_sites.end());
    middle_ = *half;
    if (half != of_sites.begin()) below_ = *std::max_element(of_sites.begin(), half);
    if (half + 1 != of_sites.end()) above_ = *std::min_element(half + 1, of_sites.end());
  }

  /// Median of those known; 0 if there are none.
  [[nodiscard]] double typical() const {
    return known_ % 2 == 1 ? middle_ : (below_ + middle_) / 2;
  }

  /// How many are known but for a site whose own is `left_out`, and the median of these.
  [[nodiscard]] std::size_t known_beside(double left_out) const {
    return left_out == 0 ? known_ : known_ - 1;
  }
  [[nodiscard]] double typical_beside(double left_out) const {
    if (left_out == 0) return typical();
    if (known_ % 2 == 0) return left_out < middle_ ? middle_ : below_;
    if (left_out == middle_) return (below_ + above_) / 2;
    return (middle_ + (left_out < middle_ ? above_ : below_)) / 2;
  }

 private:
  std::size_t known_ = 0;
  double below_ = 0;   // in their order the one before the middle
  double middle_ = 0;  // of an even number the second of two
  double above_ = 0;
};

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

/// Why a gradient is not to be used beside those of the other sites; empty where it may be. `own`
/// is what `all` has of its site.
[[nodiscard]] inline std::string why_too_large(double magnitude, const Magnitudes& all, double own,
                                               const Screening& screening) {
  if (screening.largest_ratio == 0 || all.known_beside(own) < 2) return {};
  const double ratio = magnitude / all.typical_beside(own);
  if (!(ratio > screening.largest_ratio)) return {};
  char text[64];
  std::snprintf(text, sizeof text, "is %.3g times as large as the other sites'", ratio);
  return text;
}

}  // namespace asyndgan::federation
