// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/cpu/toom_cook.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "support/catch.hpp"

namespace asyndgan::kernels::cpu {
namespace {

/// The largest difference between the algorithm and the correlation that it stands for.
template <std::size_t M, std::size_t R>
double largest_error() {
  constexpr ToomCook<M, R> kMatrices;
  constexpr std::size_t kPoints = ToomCook<M, R>::kPoints;
  std::array<double, kPoints> x;
  std::array<double, R> w;
  for (std::size_t i = 0; i < kPoints; ++i) x[i] = static_cast<double>((i * 7 + 3) % 11) - 5;
  for (std::size_t k = 0; k < R; ++k) w[k] = static_cast<double>((k * 5 + 1) % 7) - 3;
  double largest = 0;
  for (std::size_t i = 0; i < M; ++i) {
    double expected = 0;
    for (std::size_t k = 0; k < R; ++k) expected += w[k] * x[i + k];
    double sum = 0;
    for (std::size_t j = 0; j < kPoints; ++j) {
      double taps = 0;
      double input = 0;
      for (std::size_t k = 0; k < R; ++k) taps += kMatrices.taps[j][k] * w[k];
      for (std::size_t k = 0; k < kPoints; ++k) input += kMatrices.input[j][k] * x[k];
      sum += kMatrices.output[i][j] * taps * input;
    }
    largest = std::max(largest, std::abs(sum - expected));
  }
  return largest;
}

// 7.1e-15 measured.
TEST_CASE("Toom-Cook matrices make a correlation", "[kernels]") {
  CHECK(largest_error<2, 2>() < 1e-12);
  CHECK(largest_error<2, 3>() < 1e-12);
  CHECK(largest_error<4, 2>() < 1e-12);
  CHECK(largest_error<4, 3>() < 1e-12);
  CHECK(largest_error<4, 4>() < 1e-12);
}

TEST_CASE("F(2, 3) by hand", "[kernels]") {
  // At 0, 1, -1 and infinity: the products are those of (x - 1)(x + 1), x(x + 1), x(x - 1) and
  // x(x - 1)(x + 1), whose values at the point itself divide the taps.
  constexpr ToomCook<2, 3> kMatrices;
  using Row = std::array<double, 4>;
  CHECK(kMatrices.input[0] == Row{-1, 0, 1, 0});
  CHECK(kMatrices.input[1] == Row{0, 1, 1, 0});
  CHECK(kMatrices.input[2] == Row{0, -1, 1, 0});
  CHECK(kMatrices.input[3] == Row{0, -1, 0, 1});
  CHECK(kMatrices.taps[0] == std::array<double, 3>{-1, 0, 0});
  CHECK(kMatrices.taps[1] == std::array<double, 3>{0.5, 0.5, 0.5});
  CHECK(kMatrices.taps[2] == std::array<double, 3>{0.5, -0.5, 0.5});
  CHECK(kMatrices.taps[3] == std::array<double, 3>{0, 0, 1});
  CHECK(kMatrices.output[0] == Row{1, 1, 1, 0});
  CHECK(kMatrices.output[1] == Row{0, 1, -1, 1});
}

}  // namespace
}  // namespace asyndgan::kernels::cpu
