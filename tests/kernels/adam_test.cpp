// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/adam.hpp"

#include <limits>

#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/instruction_sets.hpp"

namespace asyndgan::kernels {
namespace {

TEMPLATE_TEST_CASE("An Adam step equals its definition", "[kernels]", float, double) {
  using T = TestType;
  test::for_each_instruction_set([] {
    const AdamCoefficients coefficients{.beta1 = 0.5,
                                        .beta2 = 0.999,
                                        .step_size = 3e-4,
                                        .root_scale = 20,
                                        .epsilon = 1e-8,
                                        .gradient_decay = 1e-2,
                                        .value_factor = 0.9};
    for (const int size : {1, 7, 33, 2 * 16384 + 3}) {
      const Shape shape{1, 1, 1, size};
      const auto gradient = test::uniform<T>(shape, 1);
      auto value = test::uniform<T>(shape, 2);
      auto m = test::uniform<T>(shape, 3);
      auto v = test::uniform<T>(shape, 4);
      for (T& square : v.values()) square *= square;
      auto expected_value = value;
      auto expected_m = m;
      auto expected_v = v;
      CHECK(adam_step(coefficients, gradient, value, m, v));
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        (void)AdamReference<T>::step(coefficients, gradient.values()[i], expected_value.values()[i],
                                     expected_m.values()[i], expected_v.values()[i]);
      }
      const double tolerance =
          std::is_same_v<T, float> ? 5e-7 : 1e-15;  // rounding: 1.1e-7, 2e-16 measured
      CHECK(test::relative_error(value, expected_value) < tolerance);
      CHECK(test::relative_error(m, expected_m) < tolerance);
      CHECK(test::relative_error(v, expected_v) < tolerance);
    }
  });
}

TEMPLATE_TEST_CASE("An Adam step changes nothing that it could not keep finite", "[kernels]", float,
                   double) {
  using T = TestType;
  const AdamCoefficients coefficients{.beta1 = 0.5,
                                      .beta2 = 0.999,
                                      .step_size = 3e-4,
                                      .root_scale = 20,
                                      .epsilon = 1e-8,
                                      .gradient_decay = 0,
                                      .value_factor = 1};
  const Shape shape{1, 1, 1, 37};
  const T huge = std::numeric_limits<T>::max();
  test::for_each_instruction_set([&] {
    for (const std::size_t at : {0UL, 5UL, 36UL}) {  // in a vector and in the rest
      for (const T bad : {huge, -2 * huge, std::numeric_limits<T>::quiet_NaN()}) {
        auto gradient = test::uniform<T>(shape, 1);
        gradient.values()[at] = bad;
        auto value = test::uniform<T>(shape, 2);
        Tensor<T> m(shape);
        Tensor<T> v(shape);
        const auto before = value.to_host();
        CHECK_FALSE(adam_step(coefficients, gradient, value, m, v));
        for (std::size_t i = 0; i < before.size(); ++i) {
          CHECK((value.values()[i] == before[i]) == (i == at));
          CHECK((m.values()[i] == 0) == (i == at));
          CHECK((v.values()[i] == 0) == (i == at));
        }
      }
    }
  });
}

}  // namespace
}  // namespace asyndgan::kernels
