// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/conv2d.hpp"

#include <vector>

#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::kernels {
namespace {

const Tensor<double> kNone;

Tensor<double> convolve(const Tensor<double>& input, const Tensor<double>& weight,
                        const ConvGeometry& g, const Tensor<double>& bias = kNone) {
  Tensor<double> output(conv2d_shape(input.shape(), weight.shape().n, g));
  conv2d_forward(input, weight, bias, g, output);
  return output;
}

// 1 2 3
// 4 5 6
// 7 8 9
const auto kDigits =
    Tensor<double>::from_host({1, 1, 3, 3}, std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9});

TEST_CASE("A 2x2 window over 3x3 digits, by hand", "[kernels]") {
  const auto weight = Tensor<double>::from_host({1, 1, 2, 2}, std::vector<double>{1, 2, 3, 4});
  CHECK(convolve(kDigits, weight, {.kernel = 2}).to_host() == std::vector<double>{37, 47, 67, 77});
  // Zeros around: the corners meet one pixel each, 4*1, 3*3, 2*7, 1*9.
  CHECK(convolve(kDigits, weight, {.kernel = 2, .stride = 3, .padding = 1}).to_host() ==
        std::vector<double>{4, 9, 14, 9});
  // Taps two pixels apart meet the four corners 1 3 7 9.
  CHECK(convolve(kDigits, weight, {.kernel = 2, .dilation = 2}).to_host() ==
        std::vector<double>{1 + 6 + 21 + 36});
}

TEST_CASE("Reflection repeats no border pixel", "[kernels]") {
  Tensor<double> ones({1, 1, 3, 3});
  for (double& value : ones.values()) value = 1;
  const ConvGeometry g{.kernel = 3, .stride = 2, .padding = 1, .mode = PaddingMode::reflect};
  // Around pixel 1: 5 4 5, 2 1 2, 5 4 5.
  CHECK(convolve(kDigits, ones, g).to_host() == std::vector<double>{33, 39, 51, 57});
}

TEST_CASE("Channels are summed, filters have their own bias", "[kernels]") {
  const auto input = Tensor<double>::from_host({2, 2, 1, 1}, std::vector<double>{1, 2, 3, 4});
  const auto weight =
      Tensor<double>::from_host({3, 2, 1, 1}, std::vector<double>{1, 10, 2, 20, 3, 30});
  const auto bias = Tensor<double>::from_host({1, 3, 1, 1}, std::vector<double>{100, 200, 300});
  CHECK(convolve(input, weight, {.kernel = 1}, bias).to_host() ==
        std::vector<double>{121, 242, 363, 143, 286, 429});
}

// 9e-15 measured, 1e-12 allowed.
TEST_CASE("Backward kernels are the adjoints of the forward map", "[kernels]") {
  const auto mode = GENERATE(PaddingMode::zero, PaddingMode::reflect);
  const int stride = GENERATE(1, 2, 3);
  const int dilation = GENERATE(1, 2);
  const ConvGeometry g{3, stride, 2, dilation, mode};
  const auto input = test::uniform<double>({2, 3, 7, 9}, 1);
  const auto weight = test::uniform<double>({5, 3, 3, 3}, 2);
  const auto output = convolve(input, weight, g);
  const auto d_output = test::uniform<double>(output.shape(), 3);

  Tensor<double> d_input(input.shape());
  conv2d_backward_input(d_output, weight, g, d_input);
  Tensor<double> d_weight(weight.shape());
  conv2d_backward_weight(input, d_output, g, d_weight);
  const double expected = test::dot(output, d_output);
  CHECK(test::dot(d_input, input) == Approx(expected).epsilon(1e-12));
  CHECK(test::dot(d_weight, weight) == Approx(expected).epsilon(1e-12));
}

TEST_CASE("Parameter gradients are added to what is there", "[kernels]") {
  const auto d_output = test::uniform<double>({2, 1, 3, 3}, 1);
  Tensor<double> d_bias({1, 1, 1, 1});
  d_bias(0, 0, 0, 0) = 10;
  conv2d_backward_bias(d_output, d_bias);
  double sum = 10;
  for (const double value : d_output.values()) sum += value;
  CHECK(d_bias(0, 0, 0, 0) == Approx(sum).epsilon(1e-14));  // measured 0

  Tensor<double> d_weight({1, 1, 1, 1});
  d_weight(0, 0, 0, 0) = -1;
  conv2d_backward_weight(d_output, d_output, {.kernel = 1}, d_weight);
  CHECK(d_weight(0, 0, 0, 0) ==
        Approx(test::dot(d_output, d_output) - 1).epsilon(1e-14));  // measured 0
}

TEST_CASE("Output shapes, and windows that do not fit", "[kernels]") {
  CHECK(conv2d_shape({1, 3, 256, 255}, 64, {4, 2, 1}) == Shape{1, 64, 128, 127});
  CHECK(conv2d_shape({1, 3, 9, 9}, 2, {3, 1, 0, 4}) == Shape{1, 2, 1, 1});
  CHECK_THROWS_WITH(conv2d_shape({1, 3, 2, 9}, 2, {4, 2, 0}),
                    "conv2d: input (1, 3, 2, 9) with padding 0 is smaller than the window of 4 "
                    "pixels");
  CHECK_THROWS_WITH(conv2d_shape({1, 3, 3, 9}, 2, {7, 1, 3, 1, PaddingMode::reflect}),
                    "conv2d: input (1, 3, 3, 9) is too small to reflect 3 pixels");
}

}  // namespace
}  // namespace asyndgan::kernels
