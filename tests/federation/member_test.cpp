// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/member.hpp"

#include <cstdint>
#include <vector>

#include "support/catch.hpp"

namespace asyndgan::federation {
namespace {

std::vector<Member> two() {
  return {{"north", {.samples = 10, .channels = {"t1", "flair"}}},
          {"south", {.samples = 30, .channels = {"t1", "flair"}}}};
}

std::vector<std::int64_t> weigh_both(std::vector<Member>& members, Weighting weighting,
                                     Sampling sampling, const std::vector<double>& given = {}) {
  return weigh(std::vector<Member*>{&members[0], &members[1]}, weighting, sampling, given);
}

TEST_CASE("Sites agree on the channels", "[federation]") {
  auto members = two();
  CHECK_NOTHROW(require_agreement(members[1], members[0]));
  members[1].facts.channels = {"flair", "t1"};
  CHECK_THROWS_WITH(require_agreement(members[1], members[0]),
                    "site 'south' has the channels flair, t1, site 'north' has t1, flair");
}

TEST_CASE("Members get the weights of the run", "[federation]") {
  auto members = two();
  CHECK(weigh_both(members, Weighting::by_count, Sampling::balanced) ==
        std::vector<std::int64_t>{10, 30});
  CHECK(members[0].weight == 0.25);
  CHECK(members[1].weight == 0.75);
}

TEST_CASE("A count or weight that a run cannot do without is asked for", "[federation]") {
  auto members = two();
  members[1].facts.samples = 0;
  CHECK_NOTHROW(weigh_both(members, Weighting::uniform, Sampling::balanced));
  CHECK_THROWS_WITH(weigh_both(members, Weighting::by_count, Sampling::balanced),
                    Catch::Contains("site 'south' keeps its sample count"));
  CHECK_THROWS_WITH(weigh_both(members, Weighting::uniform, Sampling::pooled),
                    Catch::Contains("site 'south' keeps its sample count"));
  members = two();
  const std::vector<double> given{1, 0};
  CHECK_NOTHROW(weigh_both(members, Weighting::given, Sampling::balanced, given));
  members = two();
  CHECK_THROWS_WITH(
      weigh_both(members, Weighting::given, Sampling::pooled, given),
      "site 'south' has weight 0, so it has no part in pooled sampling: leave it out");
  CHECK(members[0].weight == 0);  // as it was
}

}  // namespace
}  // namespace asyndgan::federation
