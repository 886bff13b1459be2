// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/conv_transpose2d.hpp"

#include <vector>

#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::kernels {
namespace {

// A line of pixels: only the kernel's row 1 meets the one row of the input.
std::vector<double> first_row(const std::vector<double>& taps, const ConvGeometry& g,
                              int output_padding) {
  Tensor<double> weight({1, 1, g.kernel, g.kernel});
  for (int b = 0; b < g.kernel; ++b) weight(0, 0, 1, b) = taps[static_cast<std::size_t>(b)];
  const auto input = Tensor<double>::from_host({1, 1, 1, 3}, std::vector<double>{1, 2, 3});
  Tensor<double> output(conv_transpose2d_shape(input.shape(), 1, g, output_padding));
  conv_transpose2d_forward(input, weight, Tensor<double>(), g, output);
  std::vector<double> row = output.to_host();
  row.resize(static_cast<std::size_t>(output.shape().w));
  return row;
}

TEST_CASE("Transposed convolution of 1 2 3, by hand", "[kernels]") {
  CHECK(first_row({1, 10, 100}, {3, 2, 1}, 1) == std::vector<double>{10, 102, 20, 203, 30, 300});
  CHECK(first_row({1, 10, 100, 1000}, {4, 2, 1}, 0) ==
        std::vector<double>{10, 102, 1020, 203, 2030, 300});
}

TEST_CASE("The bias of a transposed convolution reaches every pixel", "[kernels]") {
  const auto bias = Tensor<float>::from_host({1, 2, 1, 1}, std::vector<float>{3, -5});
  const Tensor<float> input({2, 4, 3, 3});
  const Tensor<float> weight({4, 2, 2, 2});
  const ConvGeometry g{2, 3, 0};  // leaves pixels that no window writes
  Tensor<float> output(conv_transpose2d_shape(input.shape(), 2, g, 2));
  conv_transpose2d_forward(input, weight, bias, g, output);
  REQUIRE(output.shape() == Shape{2, 2, 10, 10});
  for (int n = 0; n < 2; ++n) {
    for (int y = 0; y < 10; ++y) {
      for (int x = 0; x < 10; ++x) {
        CHECK(output(n, 0, y, x) == 3.0F);
        CHECK(output(n, 1, y, x) == -5.0F);
      }
    }
  }
}

TEST_CASE("A transposed convolution that leaves nothing is refused", "[kernels]") {
  CHECK_THROWS_WITH(conv_transpose2d_shape({1, 1, 1, 1}, 1, {2, 1, 1}, 0),
                    "conv_transpose2d: input (1, 1, 1, 1) would give output (1, 1, 0, 0)");
}

}  // namespace
}  // namespace asyndgan::kernels
