// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/activation.hpp"

#include <functional>

#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/instruction_sets.hpp"

namespace asyndgan::kernels {
namespace {

/// One value, one vector and a bit, several blocks and a bit.
const std::vector<int> kSizes{1, 17, 3 * 16384 + 5};

template <class T>
Tensor<T> inputs(int size) {
  auto x = test::uniform<T>({1, 1, 1, size}, 1);
  for (T& value : x.values()) value *= 8;  // well into the flat parts
  return x;
}

template <class T>
Tensor<T> apply(Tensor<T> x, const std::function<T(T)>& function) {
  for (T& value : x.values()) value = function(value);
  return x;
}

/// Rounding of T, a few units in the last place: measured 2.3e-7 and 3.3e-16, gradients 3.8e-7 and
/// 6.2e-16.
template <class T>
constexpr double kActivationTolerance = std::is_same_v<T, float> ? 5e-7 : 1e-15;

TEMPLATE_TEST_CASE("Rectifiers equal their definition", "[kernels]", float, double) {
  using T = TestType;
  using Reference = ActivationReference<T>;
  test::for_each_instruction_set([] {
    for (const int size : kSizes) {
      for (const T slope : {T(0), T(0.2)}) {
        const auto x = inputs<T>(size);
        auto y = x;
        Mask<> open;
        rectify_forward(slope, y, open);
        CHECK(y.to_host() ==
              apply<T>(x, [=](T v) { return Reference::rectify(v, slope); }).to_host());
        auto d_input = Tensor<T>::uninitialized(x.shape());
        rectify_backward(y, slope, open, d_input);
        auto expected = y;
        for (std::size_t i = 0; i < x.size(); ++i) {
          expected.values()[i] *= Reference::rectify_gradient(x.values()[i], slope);
        }
        CHECK(d_input.to_host() == expected.to_host());
      }
    }
  });
}

TEMPLATE_TEST_CASE("Tanh and sigmoid equal their definitions to rounding", "[kernels]", float,
                   double) {
  using T = TestType;
  using Reference = ActivationReference<T>;
  test::for_each_instruction_set([] {
    for (const int size : kSizes) {
      const auto x = inputs<T>(size);
      const auto d = test::uniform<T>(x.shape(), 2);
      auto y = x;
      tanh_forward(y);
      CHECK(test::relative_error(y, apply<T>(x, Reference::tanh)) < kActivationTolerance<T>);
      auto d_input = Tensor<T>::uninitialized(x.shape());
      tanh_backward(d, y, d_input);
      auto expected = apply<T>(x, Reference::tanh_gradient);
      for (std::size_t i = 0; i < x.size(); ++i) expected.values()[i] *= d.values()[i];
      CHECK(test::relative_error(d_input, expected) < 2 * kActivationTolerance<T>);

      y = x;
      sigmoid_forward(y);
      CHECK(test::relative_error(y, apply<T>(x, Reference::sigmoid)) < kActivationTolerance<T>);
      sigmoid_backward(d, y, d_input);
      expected = apply<T>(x, Reference::sigmoid_gradient);
      for (std::size_t i = 0; i < x.size(); ++i) expected.values()[i] *= d.values()[i];
      CHECK(test::relative_error(d_input, expected) < 2 * kActivationTolerance<T>);
    }
  });
}

}  // namespace
}  // namespace asyndgan::kernels
