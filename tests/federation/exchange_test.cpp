// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/exchange.hpp"

#include "support/catch.hpp"

namespace asyndgan::federation {
namespace {

TEST_CASE("One batch serves the last discriminator step and the gradient", "[federation]") {
  CHECK(plan_step(Variant::one_batch, 1) == std::vector<Exchange>{{true, true}});
  CHECK(plan_step(Variant::one_batch, 3) ==
        std::vector<Exchange>{{true, false}, {true, false}, {true, true}});
}

TEST_CASE("Algorithm 1 judges fresh fakes", "[federation]") {
  CHECK(plan_step(Variant::two_phase, 2) ==
        std::vector<Exchange>{{true, false}, {true, false}, {false, true}});
}

TEST_CASE("A step without a discriminator update is refused", "[federation]") {
  CHECK_THROWS_AS(plan_step(Variant::one_batch, 0), ConfigError);
}

}  // namespace
}  // namespace asyndgan::federation
