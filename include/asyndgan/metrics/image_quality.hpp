// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/tensor.hpp"

namespace asyndgan::metrics {

/// Range of an image in [-1, 1], as networks see it.
inline constexpr double kNetworkRange = 2;

/// Peak signal-to-noise ratio over all elements, 10 log10(range^2 / mean squared error);
/// infinite for equal images.
///
/// Units  decibels.
template <std::floating_point T, Device D>
[[nodiscard]] double psnr(const Tensor<T, D>& image, const Tensor<T, D>& reference,
                          double range = kNetworkRange) {
  require_shape(image.shape(), reference.shape(), "psnr: image");
  if (image.empty()) throw ShapeError("psnr: empty image");
  const auto a = image.to_host();
  const auto b = reference.to_host();
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    squares += difference * difference;
  }
  return 10 * std::log10(range * range * static_cast<double>(a.size()) / squares);
}

namespace detail {

inline constexpr int kSsimWindow = 11;  // pixels, with sigma 1.5: Wang et al. 2004, section III.B

/// Gaussian weights of one axis, summing to 1.
[[nodiscard]] inline std::array<double, kSsimWindow> ssim_weights() {
  constexpr double kSigma = 1.5;
  std::array<double, kSsimWindow> weights{};
  double sum = 0;
  for (int i = 0; i < kSsimWindow; ++i) {
    constexpr int kMiddle = kSsimWindow / 2;
    const double offset = i - kMiddle;
    weights[static_cast<std::size_t>(i)] = std::exp(-offset * offset / (2 * kSigma * kSigma));
    sum += weights[static_cast<std::size_t>(i)];
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

/// Weighted means over every window that lies inside the plane: (h - 10, w - 10).
[[nodiscard]] inline std::vector<double> window_means(const std::vector<double>& plane,
                                                      std::size_t h, std::size_t w) {
  static const auto weights = ssim_weights();
  const std::size_t out_h = h - kSsimWindow + 1;
  const std::size_t out_w = w - kSsimWindow + 1;
  std::vector<double> rows(h * out_w);
  for (std::size_t y = 0; y < h; ++y) {
    for (std::size_t x = 0; x < out_w; ++x) {
      double sum = 0;
      for (std::size_t k = 0; k < weights.size(); ++k) sum += weights[k] * plane[y * w + x + k];
      rows[y * out_w + x] = sum;
    }
  }
  std::vector<double> means(out_h * out_w);
  for (std::size_t y = 0; y < out_h; ++y) {
    for (std::size_t x = 0; x < out_w; ++x) {
      double sum = 0;
      for (std::size_t k = 0; k < weights.size(); ++k)
        sum += weights[k] * rows[(y + k) * out_w + x];
      means[y * out_w + x] = sum;
    }
  }
  return means;
}

[[nodiscard]] inline double plane_ssim(const std::vector<double>& a, const std::vector<double>& b,
                                       std::size_t h, std::size_t w, double range) {
  const auto product = [](const std::vector<double>& x, const std::vector<double>& y) {
    std::vector<double> result(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) result[i] = x[i] * y[i];
    return result;
  };
  const auto mean_a = window_means(a, h, w);
  const auto mean_b = window_means(b, h, w);
  const auto mean_aa = window_means(product(a, a), h, w);
  const auto mean_bb = window_means(product(b, b), h, w);
  const auto mean_ab = window_means(product(a, b), h, w);
  const double c1 = 0.01 * range * 0.01 * range;
  const double c2 = 0.03 * range * 0.03 * range;
  double sum = 0;
  for (std::size_t i = 0; i < mean_a.size(); ++i) {
    const double mm = mean_a[i] * mean_b[i];
    const double squares = mean_a[i] * mean_a[i] + mean_b[i] * mean_b[i];
    const double covariance = mean_ab[i] - mm;
    const double variances = mean_aa[i] + mean_bb[i] - squares;
    sum += (2 * mm + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2));
  }
  return sum / static_cast<double>(mean_a.size());
}

}  // namespace detail

/// Structural similarity with the 11x11 Gaussian window: mean over the windows that lie inside
/// the image, then over channels and images. 1 for equal images.
///
/// Errors  ShapeError on different shapes or an image smaller than the window.
/// Source  Wang et al. 2004, "Image quality assessment: from error visibility to structural
///         similarity", eq. 13, K1 = 0.01, K2 = 0.03.
template <std::floating_point T, Device D>
[[nodiscard]] double ssim(const Tensor<T, D>& image, const Tensor<T, D>& reference,
                          double range = kNetworkRange) {
  const Shape shape = image.shape();
  require_shape(shape, reference.shape(), "ssim: image");
  if (image.empty() || shape.h < detail::kSsimWindow || shape.w < detail::kSsimWindow) {
    throw ShapeError("ssim: image " + to_string(shape) + " is smaller than the 11x11 window");
  }
  const auto a = image.to_host();
  const auto b = reference.to_host();
  const std::size_t plane = shape.plane();
  double sum = 0;
  for (std::size_t begin = 0; begin < a.size(); begin += plane) {
    std::vector<double> x(plane);
    std::vector<double> y(plane);
    for (std::size_t i = 0; i < plane; ++i) {
      x[i] = static_cast<double>(a[begin + i]);
      y[i] = static_cast<double>(b[begin + i]);
    }
    sum += detail::plane_ssim(x, y, static_cast<std::size_t>(shape.h),
                              static_cast<std::size_t>(shape.w), range);
  }
  return sum / (static_cast<double>(a.size()) / static_cast<double>(plane));
}

}  // namespace asyndgan::metrics
