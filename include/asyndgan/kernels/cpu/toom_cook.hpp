// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace asyndgan::kernels::cpu {

/// The Toom-Cook algorithm F(M, R): M outputs of a correlation with R taps by M + R - 1 products.
///
///   y = A' (G w . B' x)    computes    y_i = sum over k of w_k x_(i+k)
///
/// The taps are taken for a polynomial, which is evaluated at the points 0, 1, -1, 1/2, -2, 2, as
/// many as are needed, and infinity. These points keep the rounding error in float half as large
/// as 0, 1, -1, 2, -2, 1/2 do. Rows of B' are whole numbers; G has the divisors.
///
/// Source  Lavin and Gray, CVPR 2016, arXiv:1509.09308.
template <std::size_t M, std::size_t R>
struct ToomCook {
  static constexpr std::size_t kPoints = M + R - 1;

  std::array<std::array<double, kPoints>, M> output{};       // A'
  std::array<std::array<double, R>, kPoints> taps{};         // G
  std::array<std::array<double, kPoints>, kPoints> input{};  // B'

  constexpr ToomCook() {
    constexpr std::size_t kFinite = kPoints - 1;
    constexpr std::array<double, 6> kAt = {0, 1, -1, 0.5, -2, 2};
    static_assert(kFinite <= kAt.size());
    for (std::size_t j = 0; j < kPoints; ++j) {
      // The product of (x - p) over all finite points but the j-th, and its value there.
      std::array<double, kPoints + 1> product{1};
      double value = 1;
      for (std::size_t l = 0; l < kFinite; ++l) {
        if (l == j) continue;
        for (std::size_t k = kPoints; k > 0; --k) product[k] = product[k - 1] - kAt[l] * product[k];
        product[0] *= -kAt[l];
        if (j < kFinite) value *= kAt[j] - kAt[l];
      }
      const double scale = to_whole_numbers(product);
      for (std::size_t k = 0; k < kPoints; ++k) input[j][k] = product[k] * scale;
      double power = 1;
      for (std::size_t k = 0; k < std::max(M, R); ++k) {
        const bool infinite = j == kFinite;
        if (k < R) taps[j][k] = (infinite ? (k + 1 == R ? 1 : 0) : power) / (value * scale);
        if (k < M) output[k][j] = infinite ? (k + 1 == M ? 1 : 0) : power;
        if (!infinite) power *= kAt[j];
      }
    }
  }

 private:
  /// The smallest power of two that makes all of them whole.
  template <std::size_t N>
  static constexpr double to_whole_numbers(const std::array<double, N>& values) {
    double scale = 1;
    for (const double value : values) {
      while (value * scale != static_cast<double>(static_cast<long long>(value * scale))) {
        scale *= 2;
      }
    }
    return scale;
  }
};

}  // namespace asyndgan::kernels::cpu
