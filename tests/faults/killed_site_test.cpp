// SPDX-License-Identifier: Apache-2.0
//
// F1: a site that is killed, beside one that is not.

#include <algorithm>
#include <csignal>
#include <regex>
#include <string>
#include <vector>

#include "faults/run.hpp"

namespace asyndgan::faults {
namespace {

TEST_CASE("F1: a site that is killed is missed at once, and costs the others no step", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  constexpr int kRounds = 5;
  constexpr double kKilledIsSeen = 2;  // seconds
  constexpr double kTimed = 3;         // seconds that a rate is taken over
  const Lan lan;
  ElasticConsortium consortium(lan);
  Run run(consortium);
  run.wait_for_steps(20);
  const Since of_north(run.log("north"));
  const Since all(run.events());
  const auto rate_of_north = [&] {
    const Since begun(run.events());
    pause(kTimed);
    return static_cast<double>(begun.lines_with(kOfNorth)) / kTimed;
  };
  double slowest = 0;
  std::vector<double> before;
  std::vector<double> after;
  for (int i = 0; i < kRounds; ++i) {
    const Since both(run.events());
    seconds_until("both sites are there", 30, [&] { return both.says(kOfSouth); });
    before.push_back(rate_of_north());
    const Since killed(run.events());
    run.south->signal(SIGKILL);
    slowest = std::max(slowest, seconds_until("the centre finds south gone", kKilledIsSeen,
                                              [&] { return killed.says(kSouthGone); }));
    CHECK(run.south->wait().code == -SIGKILL);
    after.push_back(rate_of_north());
    run.south = consortium.site("south", run.out);
  }
  CHECK_FALSE(of_north.says("trying again"));
  const std::string told = all.text();  // which grows
  CHECK(std::regex_search(told, std::regex("\"dropped\":0,")));
  CHECK_FALSE(std::regex_search(told, std::regex("\"dropped\":[1-9]")));
  measured("F1: site killed ", kRounds, " times: seen within ", slowest,
           " s, no gradient dropped; the other site made ", median(before), " steps/s before and ",
           median(after), " after");
  CHECK(median(after) >= 0.95 * median(before));
  run.stop();
}

}  // namespace
}  // namespace asyndgan::faults
