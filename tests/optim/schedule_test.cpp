// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/optim/schedule.hpp"

#include "support/catch.hpp"

namespace asyndgan::optim {
namespace {

double rate(const ConstantThenLinear& schedule, int epoch_from_1) {
  return 2e-4 * schedule.factor(epoch_from_1 - 1);
}

// Ten digits are given: 3.8e-10 of the value measured, 5e-10 allowed.
TEST_CASE("The learning rates of the papers' schedules", "[optim]") {
  const ConstantThenLinear hundred{.constant = 100, .decay = 100};
  CHECK(rate(hundred, 1) == 2e-4);
  CHECK(rate(hundred, 100) == 2e-4);
  CHECK(rate(hundred, 101) == Approx(1.980198020e-4).epsilon(5e-10));
  CHECK(rate(hundred, 150) == Approx(1.009900990e-4).epsilon(5e-10));
  CHECK(rate(hundred, 200) == Approx(1.980198020e-6).epsilon(5e-10));
  const ConstantThenLinear two_hundred{.constant = 200, .decay = 200};
  CHECK(rate(two_hundred, 201) == Approx(1.990049751e-4).epsilon(5e-10));
  CHECK(rate(two_hundred, 400) == Approx(9.950248756e-7).epsilon(5e-10));
  const ConstantThenLinear mixed{.constant = 100, .decay = 200};
  CHECK(rate(mixed, 200) == Approx(1.004975124e-4).epsilon(5e-10));
}

TEST_CASE("Past its end the factor is 0, or the floor", "[optim]") {
  CHECK(ConstantThenLinear{.constant = 1, .decay = 1}.factor(50) == 0);
  CHECK(ConstantThenLinear{.constant = 1, .decay = 1, .floor = 1e-6}.factor(50) == 1e-6);
  CHECK(ConstantThenLinear{.constant = 3, .decay = 0}.factor(2) == 1);
  CHECK(ConstantThenLinear{.constant = 3, .decay = 0}.factor(3) == 0);
}

}  // namespace
}  // namespace asyndgan::optim
