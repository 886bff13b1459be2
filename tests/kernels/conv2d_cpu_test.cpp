// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/cpu/conv2d.hpp"

#include <concepts>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/conv_transpose2d.hpp"
#include "kernels/conv2d_cases.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::kernels {
namespace {

using test::ConvCase;
using test::convolve;

TEST_CASE("Each case of the tests takes the algorithm that it is there for", "[kernels]") {
  const auto output = [](const ConvCase& c) { return conv2d_shape(c.input, c.filters, c.g); };
  for (const ConvCase& c : test::kDirectCases) {
    CHECK_FALSE(cpu::WinogradConv2d::form(c.g, c.input, output(c)));
    CHECK_FALSE(cpu::FewPixelsConv2d::pays(c.g, c.input, output(c)));
  }
  for (const ConvCase& c : test::kTiledCases) {
    CHECK(cpu::WinogradConv2d::form(c.g, c.input, output(c)));
  }
  for (const ConvCase& c : test::kFewPixelsCases) {
    CHECK(cpu::FewPixelsConv2d::pays(c.g, c.input, output(c)));
  }
}

// Against the definition in double, largest of all cases and results: 2.9e-6 measured in float,
// where the project promises 1e-5; 0 in double, because the data have 24 bits and so products and
// these sums are exact, 1e-13 allowed.
TEMPLATE_TEST_CASE("The fast convolution computes the definition", "[kernels]", float, double) {
  const double tolerance = std::same_as<TestType, float> ? 1e-5 : 1e-13;
  for (const ConvCase& c : test::conv_cases()) {
    INFO(to_string(c));
    test::check_errors(convolve<Conv2dKernel<TestType, Cpu>, TestType>(c),
                       convolve<Conv2dReference<double>, double>(c), tolerance);
  }
}

TEST_CASE("The number of threads changes no bit of a convolution", "[kernels]") {
  const int before = thread_count();
  for (const ConvCase& c : test::conv_cases()) {
    INFO(to_string(c));
    set_thread_count(1);
    const auto one = convolve<Conv2dKernel<float, Cpu>, float>(c);
    for (const int threads : {2, 3}) {
      set_thread_count(threads);
      test::check_equal(convolve<Conv2dKernel<float, Cpu>, float>(c), one);
    }
  }
  set_thread_count(before);
}

TEST_CASE("Exact convolutions are those of the definition's products, in float too", "[kernels]") {
  const auto exact = [](const ConvCase& c) {
    set_exact_convolutions(true);
    auto results = convolve<Conv2dKernel<float, Cpu>, float>(c);
    set_exact_convolutions(false);
    return results;
  };
  for (const ConvCase& c : test::conv_cases()) {
    INFO(to_string(c));
    test::check_equal(exact(c), convolve<cpu::DirectConv2d<float>, float>(c));
  }
  for (const ConvCase& c : test::kTiledCases) {
    INFO(to_string(c));
    const auto fast = convolve<Conv2dKernel<float, Cpu>, float>(c);
    CHECK(fast.output.to_host() != exact(c).output.to_host());
  }
}

TEST_CASE("A transposed convolution in tiles adds its bias", "[kernels]") {
  const auto input = test::uniform<double>({2, 33, 15, 17}, 1);
  const auto weight = test::uniform<double>({33, 34, 4, 4}, 2);
  const auto bias = test::uniform<double>({1, 34, 1, 1}, 3);
  const ConvGeometry g{.kernel = 4, .stride = 2, .padding = 1};
  const Shape shape = conv_transpose2d_shape(input.shape(), 34, g, 0);
  Tensor<double> expected(shape);
  Conv2dReference<double>::backward_input(input, weight, bias, g, expected);
  Tensor<float> actual(shape);
  conv_transpose2d_forward(test::converted<float>(input), test::converted<float>(weight),
                           test::converted<float>(bias), g, actual);
  CHECK(test::rms_error(actual, expected) < 5e-6);  // 7.6e-7 measured
}

TEST_CASE("A transposed convolution on the fast path adds its bias", "[kernels]") {
  const auto input = test::uniform<double>({2, 9, 5, 4}, 1);
  const auto weight = test::uniform<double>({9, 5, 3, 3}, 2);
  const auto bias = test::uniform<double>({1, 5, 1, 1}, 3);
  const ConvGeometry g{.kernel = 3, .stride = 2, .padding = 1};
  const Shape shape = conv_transpose2d_shape(input.shape(), 5, g, 1);
  Tensor<double> expected(shape);
  Conv2dReference<double>::backward_input(input, weight, bias, g, expected);
  Tensor<double> actual(shape);
  conv_transpose2d_forward(input, weight, bias, g, actual);
  CHECK(test::rms_error(actual, expected) < 1e-14);  // 0 measured: exact products of 24 bits
}

TEST_CASE("A scalar without vectors is convolved by the definition", "[kernels]") {
  Tensor<long double> input({1, 1, 1, 2});
  input(0, 0, 0, 1) = 2;
  Tensor<long double> weight({1, 1, 1, 1});
  weight(0, 0, 0, 0) = 3;
  Tensor<long double> output({1, 1, 1, 2});
  conv2d_forward(input, weight, Tensor<long double>(), {.kernel = 1}, output);
  CHECK(output(0, 0, 0, 1) == 6);
}

}  // namespace
}  // namespace asyndgan::kernels
