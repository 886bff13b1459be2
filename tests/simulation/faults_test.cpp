// SPDX-License-Identifier: Apache-2.0
//
// A federation that everything happens to, in simulation: each seed is another fate, and gives
// the same one again.
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "simulation/fates.hpp"
#include "support/catch.hpp"

namespace asyndgan::federation {
namespace {

using namespace std::chrono_literals;

/// Each run through its faults; the weights of all equal those of the undisturbed one. Returns how
/// often all went back for a site.
int check_lockstep(const test::Simulator<Lockstep>::Options& options,
                   const std::vector<std::uint64_t>& seeds, std::size_t parts_of_a_step) {
  auto undisturbed = options;
  undisturbed.faults = {};
  test::Simulator<Lockstep> whole(undisturbed);
  whole.run();
  const auto expected = whole.weights();
  int faults = 0;
  int returns = 0;
  for (const std::uint64_t seed : seeds) {
    INFO("seed " << seed);
    auto fate = options;
    fate.seed = seed;
    test::Simulator<Lockstep> simulator(fate);
    const auto reports = simulator.run();
    CHECK_THAT(simulator.complaints(), Catch::Equals(std::vector<std::string>{}));
    REQUIRE((simulator.weights() == expected));
    CHECK(reports.size() == options.federation.central.steps);
    for (const auto& report : reports) {
      if (parts_of_a_step > 0) CHECK(report.parts.size() == parts_of_a_step);
    }
    faults += simulator.faults();
    returns += simulator.returns();
  }
  CHECK(faults >= test::expected_of(seeds, 2));
  return returns;
}

TEST_CASE("Whatever breaks, lockstep ends with the weights of an undisturbed run", "[simulation]") {
  CHECK(check_lockstep(test::disturbed(Lockstep{}), test::fates(2600), 2) == 0);
}

TEST_CASE("A centre that goes back takes the sites with it", "[simulation]") {
  auto rare = test::disturbed(Lockstep{});
  rare.checkpoint_every = 3;
  rare.faults.centre_crashes = 2;
  CHECK(check_lockstep(rare, test::fates(2600), 2) == 0);
}

TEST_CASE("A site that lost what it learned takes all back to what every one can go on with",
          "[simulation]") {
  auto rare = test::disturbed(Lockstep{});
  rare.site_checkpoint_every = 3;
  rare.faults = {.stalls = 1, .site_crashes = 4, .centre_crashes = 1};
  const auto seeds = test::fates(500);
  CHECK(check_lockstep(rare, seeds, 2) >= test::expected_of(seeds, 0.1));
  rare.checkpoint_every = 2;  // the beginning is all that they have in common
  CHECK(check_lockstep(rare, seeds, 2) >= test::expected_of(seeds, 0.01));
}

TEST_CASE("Lockstep survives faults between the exchanges of a step, and where sites sit out",
          "[simulation]") {
  auto exchanges = test::disturbed(Lockstep{});
  exchanges.federation.central.variant = Variant::two_phase;
  exchanges.federation.central.discriminator_steps = 2;
  (void)check_lockstep(exchanges, test::fates(400), 2);

  auto pooled = test::disturbed(Lockstep{});
  pooled.federation = test::Federation<float>::pooled(8);
  pooled.federation.central.patience = 1h;
  pooled.federation.central.grace = 1h;
  (void)check_lockstep(pooled, test::fates(400), 0);

  auto keeping = test::disturbed(Lockstep{});
  keeping.federation.site.policy.label_maps = privacy::MaskRelease::none;
  keeping.federation.central.public_label_maps =
      data::phantom({.count = 5, .height = 16, .width = 16, .classes = 3, .seed = 9}).labels;
  (void)check_lockstep(keeping, test::fates(400), 2);
}

TEST_CASE("Disks that are full and crashes at a write change nothing in lockstep", "[simulation]") {
  auto disks = test::disturbed(Lockstep{});
  disks.faults = {.site_crashes = 1, .centre_crashes = 1, .full_disks = 2, .crashes_at_writes = 2};
  (void)check_lockstep(disks, test::fates(600), 2);
}

TEST_CASE("A line that loses, repeats or reorders messages gives no wrong result", "[simulation]") {
  auto broken = test::disturbed(Lockstep{});
  broken.faults = {};
  test::Simulator<Lockstep> whole(broken);
  whole.run();
  broken.lines = {.drop = 0.01, .duplicate = 0.01, .reorder = 0.01};
  int unharmed = 0;
  int refused = 0;
  const auto seeds = test::fates(300);
  for (const std::uint64_t seed : seeds) {
    INFO("seed " << seed);
    broken.seed = seed;
    test::Simulator<Lockstep> simulator(broken);
    try {
      simulator.run();
      REQUIRE((simulator.weights() == whole.weights()));
      ++unharmed;
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(unharmed >= test::expected_of(seeds, 0.1));
  CHECK(refused >= test::expected_of(seeds, 0.1));
}

/// Sites that come and go as they like: the run ends, nothing counts twice, and nothing too old.
template <Schedule Plan>
void check_elastic(const Plan& schedule, std::uint64_t oldest,
                   Sampling sampling = Sampling::balanced) {
  int changes = 0;
  int aged = 0;
  int dropped = 0;
  const auto seeds = test::fates(600);
  for (const std::uint64_t seed : seeds) {
    INFO("seed " << seed);
    auto elastic = test::disturbed(schedule);
    elastic.federation.sites = 3;
    elastic.federation.counts = {4, 8, 16};
    elastic.federation.central.sampling = sampling;
    elastic.federation.central.steps = 12;
    elastic.federation.central.minimum_sites = 1;
    elastic.faults.site_crashes = 2;
    elastic.faults.stalls = 4;
    elastic.seed = seed;
    test::Simulator<Plan> simulator(elastic);
    const auto reports = simulator.run();
    CHECK_THAT(simulator.complaints(), Catch::Equals(std::vector<std::string>{}));
    REQUIRE(reports.size() == 12);
    std::set<std::pair<std::size_t, std::uint64_t>> applied;
    for (const auto& report : reports) {
      CHECK_FALSE(report.parts.empty());
      for (const auto& part : report.parts) {
        CHECK(applied.insert({part.site, part.step}).second);
        CHECK(part.age <= oldest);
        CHECK(part.step + part.age >= report.step - 1);
        if (part.age > 0) ++aged;
      }
      for (const auto& change : report.changes) {
        INFO(change);
        CHECK_THAT(change, Catch::EndsWith("has come") || Catch::EndsWith("is gone"));
      }
      changes += static_cast<int>(report.changes.size());
      dropped += static_cast<int>(report.dropped.size());
    }
  }
  CHECK(changes >= test::expected_of(seeds, 2));
  CHECK((oldest > 0 ? aged : dropped) >= test::expected_of(seeds, 0.5));
}

TEST_CASE("A quorum goes on without whoever is late", "[simulation]") {
  check_elastic(Quorum{.patience = 60ms, .sites = 1}, 0);
}

TEST_CASE("Sites come and go where a plan shares out the steps among them", "[simulation]") {
  check_elastic(Quorum{.patience = 60ms, .sites = 1}, 0, Sampling::pooled);
  check_elastic(BoundedStaleness{.bound = 3}, 3, Sampling::pooled);
}

TEST_CASE("Lockstep goes on with the sites that are left", "[simulation]") {
  auto elastic = test::disturbed(Lockstep{});
  elastic.federation.sites = 3;
  elastic.federation.central.minimum_sites = 1;
  for (const std::uint64_t seed : test::fates(600)) {
    INFO("seed " << seed);
    elastic.seed = seed;
    test::Simulator<Lockstep> simulator(elastic);
    const auto reports = simulator.run();
    CHECK_THAT(simulator.complaints(), Catch::Equals(std::vector<std::string>{}));
    CHECK(reports.size() == 6);
  }
}

TEST_CASE("Bounded staleness uses late gradients once, and none past the bound", "[simulation]") {
  check_elastic(BoundedStaleness{.bound = 3}, 3);
}

/// Virtual time that 30 steps take with one of three sites `slower` times slower.
template <Schedule Plan>
double seconds_for(const Plan& schedule, double slower) {
  auto uneven = test::disturbed(schedule);
  uneven.federation.sites = 3;
  uneven.federation.central.steps = 30;
  uneven.faults = {};
  uneven.speed = {1, 1, slower};
  test::Simulator<Plan> simulator(uneven);
  simulator.run();
  return static_cast<double>(simulator.elapsed().count()) / 1000;
}

TEST_CASE("A slow site holds up lockstep, and nobody else under bounded staleness",
          "[simulation]") {
  // Of two sites alone each step has two gradients; in lockstep with a third that is 10 times
  // slower every step takes as long as that one.
  CHECK(seconds_for(Lockstep{}, 10) > 2 * seconds_for(Lockstep{}, 1));
  for (const double slower : {10.0, 100.0}) {
    auto with = test::disturbed(BoundedStaleness{.bound = 100, .gather = 1});
    with.federation.sites = 3;
    with.federation.central.steps = 200;
    with.faults = {};
    with.speed = {1, 1, slower};
    test::Simulator<BoundedStaleness> slow(with);
    const auto reports = slow.run();
    int of_the_fast = 0;
    std::uint64_t oldest = 0;
    for (const auto& report : reports) {
      for (const auto& part : report.parts) {
        if (part.site < 2) ++of_the_fast;
        oldest = std::max(oldest, part.age);
      }
    }
    const double rate = of_the_fast / static_cast<double>(slow.elapsed().count());

    auto without = with;
    without.federation.sites = 2;
    without.speed = {1, 1};
    test::Simulator<BoundedStaleness> fast(without);
    fast.run();
    const double alone = 200 / static_cast<double>(fast.elapsed().count());
    CHECK(rate > 0.95 * alone);
    CHECK(oldest > 5);
    CHECK(oldest <= 100);
  }
}

}  // namespace
}  // namespace asyndgan::federation
