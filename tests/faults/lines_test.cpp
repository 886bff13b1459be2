// SPDX-License-Identifier: Apache-2.0
//
// F10, F11, F12, F19: lines that lose packets, are thin, take small packets only, or come and go.

#include <algorithm>
#include <cmath>
#include <csignal>
#include <string>
#include <vector>

#include "faults/far_line.hpp"
#include "faults/run.hpp"

namespace asyndgan::faults {
namespace {

TEST_CASE("F10: packets are lost", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  constexpr int kSteps = 60;
  const Lan lan;
  LanConsortium consortium(lan, kSteps);
  program::test::run_undisturbed(consortium, "whole");
  consortium.keep_secrets("whole");
  for (const int percent : {1, 10, 20}) {
    for (const std::string host : {"centre", "north", "south"}) lan.lose(host, percent);
    const std::string out = "lossy-" + std::to_string(percent);
    const Run run(consortium, out);
    const auto begin = Clock::now();
    run.require_done();
    const double taken = Seconds(Clock::now() - begin).count();
    CHECK((consortium.generator(out) == consortium.generator("whole")));
    measured("F10: ", percent, " % of all packets lost: ", kSteps, " steps in ", taken,
             " s, the generator is the same");
    lan.heal();
  }
}

TEST_CASE("F10: a site on the other side of the world costs a step one way there and back",
          "[faults]") {
  using namespace std::chrono_literals;
  ASYNDGAN_REQUIRE_NAMESPACES();
  constexpr int kSteps = 60;
  constexpr int kFirst = 10;  // by then the line is warm
  constexpr double kRoundTrip = 0.2;
  const Lan lan;
  LanConsortium consortium(lan, kSteps);
  program::test::run_undisturbed(consortium, "whole");
  consortium.keep_secrets("whole");
  for (const int lost : {0, 1}) {
    const FarLine line(lan, "south", {.delay = 100ms, .jitter = 25ms, .lost = lost});
    const std::string out = "far-" + std::to_string(lost);
    const Run run(consortium, out);
    run.wait_for_steps(kFirst);
    const auto begin = Clock::now();
    const auto carried = line.carried();
    run.wait_for_steps(kSteps - 1);
    constexpr double kMeasured = kSteps - 1 - kFirst;
    const double step = Seconds(Clock::now() - begin).count() / kMeasured;
    const double bytes = static_cast<double>(line.carried() - carried) / kMeasured;
    run.require_done();
    CHECK((consortium.generator(out) == consortium.generator("whole")));
    CHECK(step >= 0.75 * kRoundTrip);  // else packets took another way
    // What TCP moves in a second where it loses packets: Mathis et al. 1997, equation 3.
    const double bulk = 1.22 * 1460 / (kRoundTrip * std::sqrt(lost / 100.0));
    CHECK(step <= 1.5 * (kRoundTrip + bytes / bulk));
    measured("F10: 200 ms there and back, give or take 50, ", lost, " % lost: ", 1000 * step,
             " ms a step of ", bytes / 1000, " kB, the generator is the same");
  }
}

/// 1 Mbit/s moves the batches of this run in a second each way, 20 Mbit/s in a twentieth.
void make_batches_large(Consortium& consortium) {
  consortium.set("training.batch=64");
  consortium.set("network.minimum_sites=1");
}

TEST_CASE("F11: a thin line does not slow the others down under bounded staleness", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  constexpr int kRounds = 7;
  constexpr std::ptrdiff_t kSteps = 25;  // timed at once
  const Lan lan;
  lan.thin("north", "20mbit");
  lan.thin("south", "1mbit");
  LanConsortium consortium(lan, kEndless);
  make_batches_large(consortium);
  consortium.set("network.schedule=bounded_staleness");
  const auto central = consortium.central("run");
  const auto north = consortium.site("north", "run");
  consortium.wait_for("run", 5);

  const auto events = consortium.path() / "run" / "events.jsonl";
  const auto rate_of_north = [&] {
    const Since begun(events);
    return kSteps / seconds_until("steps of north", 120,
                                  [&] { return begun.lines_with(kOfNorth) >= kSteps; });
  };
  // By turns: what else the machine does changes from minute to minute.
  std::vector<double> alone;
  std::vector<double> beside;
  std::ptrdiff_t of_south = 0;
  for (int i = 0; i < kRounds; ++i) {
    alone.push_back(rate_of_north());
    const Since joined(events);
    const auto south = consortium.site("south", "run");
    seconds_until("south takes part", 30, [&] { return joined.says(kOfSouth); });
    const Since both(events);
    beside.push_back(rate_of_north());
    of_south += both.lines_with(kOfSouth);
    south->signal(SIGKILL);
    seconds_until("south is gone", 20, [&] { return joined.says(kSouthGone); });
  }
  CHECK(of_south > 0);
  measured("F11: bounded staleness, 20 Mbit/s alone: ", median(alone),
           " steps/s; beside one of 1 Mbit/s: ", median(beside), "; medians of ", kRounds,
           " by turns; the thin line made ", of_south, " steps meanwhile");
  CHECK(median(beside) >= 0.95 * median(alone));
  for (auto* process : {central.get(), north.get()}) {
    process->signal(SIGINT);
    CHECK(process->wait().code == 130);
  }
}

TEST_CASE("F11: a thin line costs a quorum its deadline at most", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  const Lan lan;
  lan.thin("north", "20mbit");
  lan.thin("south", "1mbit");
  LanConsortium consortium(lan, kEndless);
  make_batches_large(consortium);
  consortium.set("network.schedule=quorum");
  consortium.set("network.deadline=0.5");
  const Run run(consortium);
  seconds_until("south is late", 60, [&] {
    return program::test::contents(run.events()).find("\"dropped\":1") != std::string::npos;
  });
  const Since begun(run.events());
  double longest = 0;
  auto last = Clock::now();
  std::ptrdiff_t steps = 0;
  for (const auto end = last + std::chrono::seconds(15); Clock::now() < end; pause(0.02)) {
    const auto now = begun.lines();
    if (now == steps) continue;
    longest = std::max(longest, Seconds(Clock::now() - last).count());
    last = Clock::now();
    steps = now;
  }
  measured("F11: quorum of 1 with a deadline of 0.5 s: ", static_cast<double>(steps) / 15,
           " steps/s, the longest took ", longest, " s");
  CHECK(steps > 15);
  CHECK(longest <= 1);
  run.stop();
}

TEST_CASE("F12: packets of 576 bytes", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  constexpr int kSteps = 40;
  const Lan lan;
  LanConsortium consortium(lan, kSteps);
  consortium.set("training.batch=16");  // several packets a message
  program::test::run_undisturbed(consortium, "whole");
  consortium.keep_secrets("whole");
  for (const std::string host : {"centre", "north", "south"}) {
    lan.run(host, "ip link set eth0 mtu 576");
    lan.run("lan", "ip link set " + host + " mtu 576");
  }
  program::test::run_undisturbed(consortium, "small");
  CHECK((consortium.generator("small") == consortium.generator("whole")));
  measured("F12: MTU 576: ", kSteps, " steps, the generator is the same");
}

TEST_CASE("F19: a site that comes and goes every second", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  constexpr int kTimes = 12;
  const Lan lan;
  ElasticConsortium consortium(lan);
  Run run(consortium);
  run.wait_for_steps(20);

  const Since killed(run.events());
  for (int i = 0; i < kTimes; ++i) {
    run.south->signal(SIGKILL);
    CHECK(run.south->wait().code == -SIGKILL);
    run.south = consortium.site("south", run.out);
    pause(1);
  }
  const auto came = killed.lines_with(kSouthCame);
  const double rate = static_cast<double>(killed.lines_with(kOfNorth)) / kTimes;
  CHECK(rate > 1);
  const Since after(run.events());
  double back = seconds_until("south is of use", 10, [&] { return after.says(kOfSouth); });
  measured("F19: killed and started every second: it came ", came, " times in ", kTimes,
           ", meanwhile ", rate, " steps/s with the other site; of use ", back,
           " s after the last");

  const Since reset(run.events());
  const Since tried(run.log("south"));
  for (int i = 0; i < kTimes; ++i) {
    lan.run("centre",
            "nft add rule inet faults input ip saddr 10.77.0.3 meta l4proto tcp reject with tcp "
            "reset");
    pause(0.2);
    lan.heal();
    pause(0.8);
  }
  const double rate_beside = static_cast<double>(reset.lines_with(kOfNorth)) / kTimes;
  CHECK(rate_beside > 1);
  CHECK(tried.lines_with("trying again") >= kTimes / 2);
  const Since healed(run.events());
  back = seconds_until("south is of use", 10, [&] { return healed.says(kOfSouth); });
  measured("F19: connection reset every second: ", tried.lines_with("trying again"),
           " attempts in ", kTimes, " s, meanwhile ", rate_beside,
           " steps/s with the other site; of use ", back, " s after the last");
  run.stop();
}

}  // namespace
}  // namespace asyndgan::faults
