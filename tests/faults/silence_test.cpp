// SPDX-License-Identifier: Apache-2.0
//
// F2, F6, F7, F9: peers that say nothing any more, and nobody is told.

#include <csignal>
#include <functional>
#include <string>

#include "faults/run.hpp"

namespace asyndgan::faults {
namespace {

constexpr double kSeen = 15;  // seconds; 12.5 by the heartbeat
constexpr double kBack = 5;   // until a site is of use again

/// Seconds that a silence lasts: 20 unless the tests have the time for `at_length`.
double lasts(double at_length) { return faults::at_length() ? at_length : 20; }

/// A run that can do without south loses it without a word, and gets it back.
void check_silence(const std::string& fault, double lasts,
                   const std::function<void(const Lan&, Run&)>& begin,
                   const std::function<void(const Lan&, Run&)>& end) {
  const Lan lan;
  ElasticConsortium consortium(lan);
  Run run(consortium);
  run.wait_for_steps(20);
  seconds_until("both sites are there", 30,
                [&, since = Since(run.events())] { return since.says(kOfSouth); });

  const Since cut(run.events());
  begin(lan, run);
  const double seen =
      seconds_until("the centre finds south gone", kSeen, [&] { return cut.says(kSouthGone); });
  const auto of_north = cut.lines_with(kOfNorth);
  CHECK(of_north > 0);
  pause(lasts - seen);

  const Since healed(run.events());
  end(lan, run);
  const double back =
      seconds_until("south is of use again", 30, [&] { return healed.says(kOfSouth); });
  measured(fault, " for ", lasts, " s: seen after ", seen, " s, used again ", back,
           " s after its end; meanwhile ", static_cast<double>(of_north) / seen,
           " steps/s with the other site");
  CHECK(back <= kBack);
  run.stop();
}

TEST_CASE("F2: a site that stands still is missed, and taken back", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  check_silence(
      "F2: SIGSTOP of a site", lasts(60), [](const Lan&, Run& run) { run.south->signal(SIGSTOP); },
      [](const Lan&, Run& run) { run.south->signal(SIGCONT); });
}

void check_silent_cut(double seconds) {
  check_silence(
      "F6: silent cut", seconds, [](const Lan& lan, Run&) { lan.cut("south"); },
      [](const Lan& lan, Run&) { lan.heal(); });
}

TEST_CASE("F6: a line that is cut silently", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  check_silent_cut(lasts(60));
}

TEST_CASE("F6: a line that is cut silently for ten minutes", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  if (!at_length()) {
    WARN("cannot run here: --long is not asked for");
    return;
  }
  check_silent_cut(600);
}

TEST_CASE("F6: a line that is cut silently for 5 s is not missed", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  const Lan lan;
  LanConsortium consortium(lan, kEndless);
  Run run(consortium);
  run.wait_for_steps(20);
  const Since of_south(run.log("south"));
  const Since cut(run.events());
  lan.cut("south");
  pause(5);
  lan.heal();
  const Since healed(run.events());
  const double back = seconds_until("a step", kBack, [&] { return healed.lines() > 0; });
  measured("F6: silent cut of 5 s: lockstep goes on ", back, " s after its end");
  CHECK_FALSE(of_south.says("trying again"));
  CHECK_FALSE(cut.says(kSouthGone));
  run.stop();
}

TEST_CASE("F7: a line that is cut silently towards the site", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  check_silence(
      "F7: cut towards the site", lasts(60), [](const Lan& lan, Run&) { lan.silence_to("south"); },
      [](const Lan& lan, Run&) { lan.heal(); });
}

TEST_CASE("F7: a line that is cut silently towards the centre", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  check_silence(
      "F7: cut towards the centre", lasts(60),
      [](const Lan& lan, Run&) { lan.silence_from("south"); },
      [](const Lan& lan, Run&) { lan.heal(); });
}

TEST_CASE("F9: a firewall that forgets idle connections", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  const int usual = at_length() ? 240 : 8;  // seconds that it remembers
  const Lan lan;
  const auto remembers_for = [&](int seconds) {
    lan.run("south", "sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=" +
                         std::to_string(seconds));
  };
  // As address translation does it: a connection that is not known, and does not begin, is
  // nobody's.
  lan.run("south",
          "nft 'add table inet firewall;"
          "add chain inet firewall in { type filter hook input priority 10; };"
          "add chain inet firewall out { type filter hook output priority 10; };"
          "add rule inet firewall in ct state invalid,new iifname eth0 meta l4proto tcp drop;"
          "add rule inet firewall out ct state invalid drop'");
  lan.run("south", "sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0");
  remembers_for(usual);
  LanConsortium consortium(lan, kEndless);
  Run run(consortium);
  run.wait_for_steps(20);

  const Since idle(run.log("south"));
  run.north->signal(SIGSTOP);  // the run waits for it, and nothing but heartbeats crosses
  pause(usual + 17);
  CHECK_FALSE(idle.says("trying again"));

  const Since forgotten(run.log("south"));
  remembers_for(2);  // less than a heartbeat
  const double seen = seconds_until("south finds its connection dead", 5 + kSeen,
                                    [&] { return forgotten.says("trying again"); });
  remembers_for(usual);
  const double back = seconds_until("south is connected again", kBack,
                                    [&] { return forgotten.says("connected to the centre"); });
  const Since continued(run.events());
  run.north->signal(SIGCONT);
  seconds_until("the run goes on", 10, [&] { return continued.lines_with(kOfSouth) > 5; });
  measured("F9: heartbeats keep a firewall that forgets after ", usual,
           " s; of one that forgot: seen after ", seen, " s, connected again ", back, " s later");
  run.stop();
}

}  // namespace
}  // namespace asyndgan::faults
