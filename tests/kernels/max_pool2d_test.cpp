// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/max_pool2d.hpp"

#include <limits>

#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/instruction_sets.hpp"

namespace asyndgan::kernels {
namespace {

/// Values from a coarse grid, so that windows have ties, and a NaN here and there.
template <class T>
Tensor<T> input_with_ties(const Shape& shape) {
  auto x = test::uniform<T>(shape, 1);
  for (T& value : x.values()) {
    value = std::round(value * 3);
    if (value == 3) value = std::numeric_limits<T>::quiet_NaN();
  }
  return x;
}

template <class T>
bool same(const Tensor<T>& a, const Tensor<T>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const T x = a.values()[i];
    const T y = b.values()[i];
    if (x != y && !(std::isnan(x) && std::isnan(y))) return false;
  }
  return a.shape() == b.shape();
}

template <class T>
void check_pooling(const Shape& shape, const PoolGeometry& g) {
  CAPTURE(to_string(shape), g.kernel, g.stride);
  const auto input = input_with_ties<T>(shape);
  auto output = Tensor<T>::uninitialized(max_pool2d_shape(shape, g));
  auto expected = Tensor<T>::uninitialized(output.shape());
  Winners<> winners;
  Winners<> expected_winners(output.size());
  max_pool2d_forward(input, g, winners, output);
  MaxPool2dReference<T>::forward(input, g, expected_winners, expected);
  CHECK(same(output, expected));
  CHECK(winners.to_host() == expected_winners.to_host());
}

TEMPLATE_TEST_CASE("Max pooling equals its definition, ties and NaN included", "[kernels]", float,
                   double) {
  for (const Shape shape :
       {Shape{2, 3, 7, 5}, Shape{1, 2, 16, 33}, Shape{1, 1, 5, 70}, Shape{1, 1, 2, 1035}}) {
    for (const PoolGeometry g : {PoolGeometry{2, 2}, PoolGeometry{2, 1}}) {
      check_pooling<TestType>(shape, g);
    }
  }
  for (const PoolGeometry g : {PoolGeometry{3, 2}, PoolGeometry{5, 3}, PoolGeometry{1, 1}}) {
    check_pooling<TestType>({1, 2, 16, 33}, g);
  }
}

TEMPLATE_TEST_CASE("Every instruction set of this machine halves by the definition", "[kernels]",
                   float, double) {
  test::for_each_instruction_set([] {
    for (const Shape shape : {Shape{2, 3, 7, 45}, Shape{1, 2, 16, 33}, Shape{1, 1, 2, 1035}}) {
      check_pooling<TestType>(shape, {2, 2});
    }
  });
}

TEST_CASE("The way back gives every gradient to a winner", "[kernels]") {
  const Shape shape{2, 3, 16, 33};
  const PoolGeometry g{3, 2};
  const auto input = test::uniform<double>(shape, 1);
  auto output = Tensor<double>::uninitialized(max_pool2d_shape(shape, g));
  Winners<> winners;
  max_pool2d_forward(input, g, winners, output);
  const auto d_output = test::uniform<double>(output.shape(), 2);
  auto d_input = Tensor<double>::uninitialized(shape);
  max_pool2d_backward(d_output, g, winners, d_input);
  CHECK(test::dot(d_output, output) ==
        Approx(test::dot(d_input, input)).epsilon(1e-12));  // measured 1e-15
}

}  // namespace
}  // namespace asyndgan::kernels
