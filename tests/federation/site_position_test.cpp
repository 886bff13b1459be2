// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/site_position.hpp"

#include "protocol/samples.hpp"
#include "support/catch.hpp"

namespace asyndgan::federation {
namespace {

using Catch::Contains;
using protocol::Ask;

/// A run of ten steps, each of one D step on fakes of its own and a gradient for others.
SitePosition in_two_phases(bool every_step) {
  protocol::Welcome welcome;
  welcome.steps = 10;
  welcome.every_step = every_step;
  welcome.fresh_fakes = true;
  welcome.discriminator_steps = 1;
  SitePosition position;
  position.announce(welcome);
  return position;
}

protocol::Fakes fakes(std::uint64_t step, Ask ask, std::uint64_t next) {
  return {.step = step,
          .ask = ask,
          .images = test::Samples::synthetic(Tensor<float>({1, 1, 1, 1})),
          .next_step = next};
}

TEST_CASE("A position goes through the exchanges of a step and on to the next", "[federation]") {
  SitePosition position = in_two_phases(true);
  CHECK(position.ask_for_gradient() == Ask::generator);
  CHECK_FALSE(position.one_exchange_a_step());
  CHECK_NOTHROW(position.require_next(fakes(0, Ask::discriminator, 0)));
  position.go_on(0);
  CHECK_FALSE(position.between_steps());
  CHECK_NOTHROW(position.require_next(fakes(0, Ask::generator, 1)));
  position.answer();
  position.go_on(1);
  CHECK(position.between_steps());
  CHECK(position.step() == 1);
  CHECK(position.answered() == 1);
  CHECK(position.exchanges() == 2);
}

TEST_CASE("Fakes of another step or exchange than the run has next are refused", "[federation]") {
  SitePosition position = in_two_phases(true);
  CHECK_THROWS_WITH(position.require_next(fakes(1, Ask::discriminator, 1)),
                    Contains("fakes of step 1, expected step 0 of 10"));
  CHECK_THROWS_WITH(position.require_next(fakes(0, Ask::generator, 1)),
                    Contains("do not fit exchange 1 of 2"));
  CHECK_THROWS_WITH(position.require_next(fakes(0, Ask::discriminator, 1)),
                    Contains("do not fit exchange 1 of 2"));
  position.restart_at(10);
  CHECK_THROWS_WITH(position.require_next(fakes(10, Ask::discriminator, 10)),
                    Contains("expected step 10 of 10"));
}

TEST_CASE("Where the centre leaves steps out, later ones are taken and earlier ones are not",
          "[federation]") {
  SitePosition position = in_two_phases(false);
  CHECK_NOTHROW(position.require_next(fakes(4, Ask::discriminator, 4)));
  position.move_to(4);
  position.go_on(4);
  // In the middle of a step there is no other.
  CHECK_THROWS_WITH(position.require_next(fakes(5, Ask::generator, 6)),
                    Contains("expected step 4"));
  position.answer();
  position.go_on(6);
  CHECK_THROWS_WITH(position.require_next(fakes(4, Ask::discriminator, 4)),
                    Contains("replays or skips steps"));
}

TEST_CASE("A position goes back with the centre", "[federation]") {
  SitePosition position = in_two_phases(true);
  CHECK_FALSE(position.abandon_step());
  position.go_on(0);
  CHECK(position.abandon_step());
  CHECK(position.between_steps());
  position.move_to(7);
  position.answer();
  position.restart_at(3);
  CHECK(position.step() == 3);
  CHECK(position.answered() == 3);
  position.restart_at(5);
  CHECK(position.answered() == 3);  // what comes before was not answered
}

}  // namespace
}  // namespace asyndgan::federation
