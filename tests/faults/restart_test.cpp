// SPDX-License-Identifier: Apache-2.0
//
// F3, F5: programs that are killed at any moment, and at each moment that makes a difference.

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "faults/run.hpp"

namespace asyndgan::faults {
namespace {

constexpr double kResumes = 10;  // seconds

/// Three for each order of three programs, or as many as the bar asks for.
int kills() { return at_length() ? 100 : 18; }

/// Of the last event, 0 before there is one.
long last_step(const Run& run) {
  const std::string text = program::test::contents(run.events());
  const auto at = text.rfind("\"step\":");
  return at == std::string::npos ? 0 : std::stol(text.substr(at + 7));
}

long last_checkpoint(const Run& run) {
  long last = 0;
  const auto folder = run.consortium.path() / run.out / "checkpoints";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".safetensors")) last = std::max(last, std::stol(name.substr(5)));
  }
  return last;
}

void kill_one(Process& process) {
  process.signal(SIGKILL);
  CHECK(process.wait().code == -SIGKILL);
}

/// Kills and starts anew, at random moments, until the run is complete; it must make the generator
/// of a run that nobody disturbs.
void check_restarts(const std::string& fault, const std::function<void(Run&)>& kill,
                    const std::function<void(Run&, int)>& start) {
  const Lan lan;
  const int times = kills();
  LanConsortium consortium(lan, 22 * times);
  consortium.set("training.checkpoint_every=1");
  program::test::run_undisturbed(consortium, "whole");
  consortium.keep_secrets("whole");

  std::mt19937 random(std::random_device{}());
  Run run(consortium, "parts");
  double slowest = 0;
  long most_lost = 0;
  for (int i = 0; i < times; ++i) {
    const long before = last_step(run);
    const double resumed =
        seconds_until("a step after a restart", 30, [&] { return last_step(run) > before; });
    if (i > 0) slowest = std::max(slowest, resumed);
    pause(std::uniform_real_distribution<double>(0, 0.2)(random));
    kill(run);
    most_lost = std::max(most_lost, last_step(run) - last_checkpoint(run));
    start(run, i);
  }
  run.require_done();
  measured(fault, ": ", times, " times, resumed within ", slowest, " s, ", most_lost,
           " steps lost at most, the generator is the same");
  CHECK(slowest <= kResumes);
  CHECK(most_lost <= 1);
  CHECK((consortium.generator("parts") == consortium.generator("whole")));
}

TEST_CASE("F3: a centre that is killed at any moment", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  check_restarts(
      "F3: centre killed", [](Run& run) { kill_one(*run.central); },
      [](Run& run, int) { run.central = run.consortium.central(run.out); });
}

/// Lets `who` be killed right before the first call by which something of it lasts or gets out,
/// then before the second, and so on through its start and two whole steps; the run goes on each
/// time.
void check_every_moment(const std::string& fault, const std::string& who) {
  const Lan lan;
  LanConsortium consortium(lan, 400);
  consortium.set("training.checkpoint_every=1");
  program::test::run_undisturbed(consortium, "whole");
  consortium.keep_secrets("whole");

  const auto plain = lan.launcher(who);
  const auto died_before = consortium.path() / "died-before";
  const auto start = [&](Run& run) {
    if (who == "centre") {
      run.central = run.consortium.central(run.out);
    } else {
      run.south = run.consortium.site(who, run.out);
    }
  };
  const auto start_for = [&](Run& run, int calls) {
    auto launcher = plain;
    launcher.insert(launcher.end(), {"env", std::string("LD_PRELOAD=") + ASYNDGAN_DIE_BEFORE,
                                     "ASYNDGAN_DIE_BEFORE=" + std::to_string(calls),
                                     "ASYNDGAN_DIED_BEFORE=" + died_before.string()});
    consortium.start_by(who, launcher);
    start(run);
  };

  Run run(consortium, "parts");
  run.wait_for_steps(5);
  auto& victim = who == "centre" ? run.central : run.south;
  kill_one(*victim);
  long most_lost = 0;
  int moments = 0;
  for (long done = 0; done < 2; ++moments) {
    const long before = last_step(run);
    start_for(run, moments + 1);
    const Ended ended = victim->wait();
    INFO(ended.err);
    REQUIRE(ended.code == -SIGKILL);
    done = last_step(run) - before;
    most_lost = std::max(most_lost, last_step(run) - last_checkpoint(run));
  }
  consortium.start_by(who, plain);
  const Since restarted(run.events());
  start(run);
  const double resumed =
      seconds_until("a step after the last restart", 30, [&] { return restarted.lines() > 0; });
  run.require_done();
  const std::string calls = program::test::contents(died_before);
  for (const std::string call : {"write", "fsync", "rename", "unlink", "send"}) {
    INFO(call);
    CHECK(calls.find(call + "\n") != std::string::npos);
  }
  measured(fault, " before each of ", moments,
           " writes, flushes, renames, removals and sends: ", most_lost,
           " steps lost at most, resumed within ", resumed,
           " s of the last, the generator is the same");
  CHECK(most_lost <= 1);
  CHECK((consortium.generator("parts") == consortium.generator("whole")));
}

TEST_CASE("F3: a centre that is killed before each thing that it does", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  check_every_moment("F3: centre killed", "centre");
}

TEST_CASE("F3: a site that is killed before each thing that it does", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  check_every_moment("F3: site killed", "south");
}

TEST_CASE("F5: all programs are killed at once, and started in any order", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  check_restarts(
      "F5: all killed",
      [](Run& run) {
        for (auto* process : {run.central.get(), run.north.get(), run.south.get()}) {
          process->signal(SIGKILL);
        }
        for (auto* process : {run.central.get(), run.north.get(), run.south.get()}) {
          CHECK(process->wait().code == -SIGKILL);
        }
      },
      [](Run& run, int number) {
        std::array<int, 3> order{0, 1, 2};
        for (int i = 0; i < number % 6; ++i) std::next_permutation(order.begin(), order.end());
        for (const int which : order) {
          if (which == 0) run.central = run.consortium.central(run.out);
          if (which == 1) run.north = run.consortium.site("north", run.out);
          if (which == 2) run.south = run.consortium.site("south", run.out);
          pause(0.2);
        }
      });
}

}  // namespace
}  // namespace asyndgan::faults
