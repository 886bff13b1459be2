// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/roster.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using Seats = Roster<test::Federation<float>::G>;

CentralOptions options(int minimum_sites = 0) {
  CentralOptions options = test::Federation<float>::defaults().central;
  options.minimum_sites = minimum_sites;
  return options;
}

protocol::Limits limits() {
  constexpr int kSide = test::Federation<float>::kSide;
  return protocol::Limits::for_run({2, 1, kSide, kSide}, 3);
}

privacy::SiteFacts facts(std::uint32_t samples = 10) {
  constexpr int kSide = test::Federation<float>::kSide;
  return {.samples = samples,
          .channels = {"c0"},
          .available = 1,
          .classes = 3,
          .height = kSide,
          .width = kSide};
}

protocol::Hello hello(const std::string& name, const privacy::SiteFacts& says = facts()) {
  return {name, privacy::Release({}, 1).facts(says)};
}

TEST_CASE("A roster needs sites, and no more of them than it has places", "[federation]") {
  CHECK_THROWS_WITH(Seats(0, options()), "a federation needs at least one site, none was given");
  const auto many = options(3);
  CHECK_THROWS_WITH(Seats(2, many), "minimum sites: 3 given, expected 0 to 2");
  auto twice = options();
  twice.sampling = Sampling::pooled;
  twice.weighting = Weighting::by_count;
  CHECK_THROWS_WITH(Seats(2, twice), Catch::Contains("choose one of them"));
}

TEST_CASE("Whoever is there shares the weight", "[federation]") {
  const auto two = options(2);
  Seats roster(3, two);
  CHECK(!roster.strict());
  CHECK(roster.first_missing() == "site 1");
  for (std::size_t site = 0; site < 3; ++site) {
    roster.greet(site, hello("s" + std::to_string(site)));
    roster.give_place(site, limits());
  }
  CHECK(roster.count(Presence::present) == 3);
  CHECK(roster.shares() == std::vector<double>(3, 1.0 / 3));
  roster.take_place(1, Presence::away);
  CHECK(roster.shares() == std::vector<double>{0.5, 0, 0.5});
  CHECK(roster.enough());
  CHECK(roster.first_missing() == "site 's1'");
  roster.take_place(0, Presence::expelled);
  CHECK(!roster.enough());
  CHECK(roster.first_missing() == "site 's0'");
}

TEST_CASE("Given weights stay with their sites", "[federation]") {
  auto given = options(1);
  given.weighting = Weighting::given;
  given.site_weights = {1, 2, 5};
  Seats roster(3, given);
  roster.greet(2, hello("last"));
  roster.greet(0, hello("first"));
  roster.give_place(2, limits());
  roster.give_place(0, limits());
  CHECK(roster.shares() == std::vector<double>{1.0 / 6, 0, 5.0 / 6});
}

TEST_CASE("The cap is a multiple of what sites send", "[federation]") {
  auto capped = options();
  Seats free(3, capped);
  free[0].conduct.magnitude = 1;
  CHECK(std::isinf(free.cap()));
  capped.norm_cap = 2;
  Seats roster(3, capped);
  CHECK(roster.cap() == 0);
  roster[0].conduct.magnitude = 1;
  roster[1].conduct.magnitude = 3;
  roster[2].conduct.magnitude = 60;
  CHECK(roster.cap() == 6);
  roster.greet(2, hello("again"));
  CHECK(roster[2].conduct.magnitude == 60);
  capped.norm_cap = -1;
  CHECK_THROWS_WITH(Seats(3, capped), Catch::StartsWith("norm cap: -1.000000 given"));
}

TEST_CASE("A site that does not fit gets no place", "[federation]") {
  const auto one = options(1);
  Seats roster(2, one);
  roster.greet(0, hello("north"));
  roster.give_place(0, limits());
  auto wrong = facts();
  wrong.height = 99;
  roster.greet(1, hello("south", wrong));
  CHECK_THROWS_WITH(roster.give_place(1, limits()),
                    "site 'south' has 99 rows, this run expects 16");
  roster.greet(1, hello("north"));
  CHECK_THROWS_WITH(roster.give_place(1, limits()), "two sites call themselves 'north'");
  auto other = facts();
  other.channels = {"c1"};
  roster.greet(1, hello("south", other));
  CHECK_THROWS_WITH(roster.give_place(1, limits()),
                    "site 'south' has the channels c1, site 'north' has c0");
  CHECK(roster[1].presence == Presence::away);
  CHECK(roster.shares() == std::vector<double>{1, 0});
}

TEST_CASE("A name is free again once its site has left", "[federation]") {
  const auto one = options(1);
  Seats roster(2, one);
  roster.greet(0, hello("north"));
  roster.give_place(0, limits());
  roster.take_place(0, Presence::away);
  roster.greet(1, hello("north"));
  CHECK_NOTHROW(roster.give_place(1, limits()));
  roster.greet(0, hello("north"));
  CHECK_THROWS_WITH(roster.give_place(0, limits()), "two sites call themselves 'north'");
}

TEST_CASE("Who was expelled stays out when the run is resumed", "[federation]") {
  const auto elastic = options(1);
  Seats before(2, elastic);
  before[1].conduct = {.magnitude = 3, .last_sent = 5, .strikes = 2};
  before.take_place(1, Presence::expelled);
  State<float> saved;
  before.collect(saved);
  const auto resume = [&saved](Seats& after) {
    State<float> state;
    after.collect(state);
    REQUIRE(state.counters.size() == saved.counters.size());
    for (std::size_t i = 0; i < saved.counters.size(); ++i) {
      CHECK(state.counters[i].name == saved.counters[i].name);
      *state.counters[i].count = *saved.counters[i].count;
    }
    after.keep_out_expelled();
  };
  Seats after(2, elastic);
  resume(after);
  CHECK(after[0].presence == Presence::away);
  CHECK(after[1].presence == Presence::expelled);
  CHECK(after[1].conduct.last_sent == 5);
  CHECK(after[1].conduct.strikes == 2);
}

}  // namespace
}  // namespace asyndgan::federation
