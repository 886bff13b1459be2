// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/norm.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/instruction_sets.hpp"

namespace asyndgan::kernels {
namespace {

template <class T>
Moments<T> moments_of(const Shape& groups) {
  return {Tensor<T>(groups), Tensor<T>(groups)};
}

/// Sums of up to 3000 values in T: measured 1.3e-7 and 2.8e-15.
template <class T>
constexpr double kNormTolerance = std::is_same_v<T, float> ? 2e-6 : 1e-14;

TEMPLATE_TEST_CASE("Norms equal their definition", "[kernels]", float, double) {
  using T = TestType;
  test::for_each_instruction_set([] {
    for (const Shape shape : {Shape{2, 3, 7, 5}, Shape{3, 2, 33, 31}, Shape{1, 1, 1, 17}}) {
      const auto input = test::uniform<T>(shape, 1);
      const auto weight = test::uniform<T>({1, shape.c, 1, 1}, 2);
      const auto bias = test::uniform<T>({1, shape.c, 1, 1}, 3);
      for (const Shape groups : {Shape{1, shape.c, 1, 1}, Shape{shape.n, shape.c, 1, 1}}) {
        for (const NormOptions<T>& options :
             {NormOptions<T>{}, NormOptions<T>{.affine = {&weight, &bias}},
              NormOptions<T>{.affine = {&weight, &bias}, .slope = 0.2}}) {
          auto moments = moments_of<T>(groups);
          auto expected_moments = moments_of<T>(groups);
          auto output = Tensor<T>::uninitialized(shape);
          auto expected = Tensor<T>::uninitialized(shape);
          norm_forward(input, options, moments, output);
          NormReference<T>::forward(input, options, expected_moments, expected);
          CHECK(test::relative_error(output, expected) < kNormTolerance<T>);
          CHECK(test::relative_error(moments.variance, expected_moments.variance) <
                kNormTolerance<T>);

          auto applied = Tensor<T>::uninitialized(shape);
          norm_apply(input, options, moments, applied);
          CHECK(applied.to_host() == output.to_host());
        }
      }
    }
  });
}

/// dL/dinput of the definition, by central differences of L = <d_output, output>.
TEST_CASE("A norm's gradient with respect to its input, moments included or fixed", "[kernels]") {
  const double slope = GENERATE(1.0, 0.2, 0.0);
  test::for_each_instruction_set([&] {
    const Shape shape{3, 2, 7, 5};
    auto input = test::uniform<double>(shape, 1);
    const auto d_output = test::uniform<double>(shape, 2);
    for (const Shape groups : {Shape{1, 2, 1, 1}, Shape{3, 2, 1, 1}}) {
      const NormOptions<double> options{.slope = slope};
      auto moments = moments_of<double>(groups);
      auto output = Tensor<double>::uninitialized(shape);
      norm_forward(input, options, moments, output);
      auto d_input = Tensor<double>::uninitialized(shape);
      norm_backward(d_output, input, options, moments, {.d_input = &d_input});
      const auto free = test::central_difference(
          [&] {
            auto unused = moments_of<double>(groups);
            auto y = Tensor<double>::uninitialized(shape);
            NormReference<double>::forward(input, options, unused, y);
            return test::dot(d_output, y);
          },
          input);
      CHECK(test::relative_error(d_input, free) < 1e-8);  // measured 6e-10

      norm_backward_fixed(d_output, input, options, moments, {.d_input = &d_input});
      const auto fixed = test::central_difference(
          [&] {
            auto y = Tensor<double>::uninitialized(shape);
            NormReference<double>::apply(input, options, moments, y);
            return test::dot(d_output, y);
          },
          input);
      CHECK(test::relative_error(d_input, fixed) < 1e-8);  // measured 1e-11
    }
  });
}

TEST_CASE("A norm's gradients in float are those in double", "[kernels]") {
  const Shape shape{3, 2, 33, 31};
  const auto gradients = [&]<class T>(const Shape& groups, T slope) {
    const auto input = test::uniform<T>(shape, 1);
    const auto d_output = test::uniform<T>(shape, 2);
    const NormOptions<T> options{.slope = slope};
    auto moments = moments_of<T>(groups);
    auto output = Tensor<T>::uninitialized(shape);
    norm_forward(input, options, moments, output);
    std::vector<Tensor<T>> results(2, Tensor<T>::uninitialized(shape));
    norm_backward(d_output, input, options, moments, {.d_input = &results[0]});
    norm_backward_fixed(d_output, input, options, moments, {.d_input = &results[1]});
    return results;
  };
  for (const Shape groups : {Shape{1, 2, 1, 1}, Shape{3, 2, 1, 1}}) {
    for (const float slope : {1.0F, 0.25F}) {
      const auto expected = gradients(groups, static_cast<double>(slope));
      test::for_each_instruction_set([&] {
        const auto actual = gradients(groups, slope);
        CHECK(test::relative_error(actual[0], expected[0]) < 1e-6);  // measured 1.4e-7
        CHECK(test::relative_error(actual[1], expected[1]) < 1e-6);  // measured 1.4e-7
      });
    }
  }
}

TEST_CASE("A constant plane becomes 0", "[kernels]") {
  Tensor<float> input({1, 1, 7, 5});
  for (float& value : input.values()) value = 0.1F;
  auto moments = moments_of<float>({1, 1, 1, 1});
  auto output = Tensor<float>::uninitialized(input.shape());
  norm_forward(input, {}, moments, output);
  for (const float value : output.values()) CHECK(std::abs(value) < 1e-5);  // 0.1 is not a float
}

}  // namespace
}  // namespace asyndgan::kernels
