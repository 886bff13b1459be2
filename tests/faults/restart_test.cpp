// SPDX-License-Identifier: Apache-2.0
//
// F3, F5: programs that are killed at any moment.

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

constexpr int kRestartSteps = 400;
constexpr double kResumes = 10;  // seconds
constexpr int kKills = 18;       // three for each order of three programs

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
  LanConsortium consortium(lan, kRestartSteps);
  consortium.set("training.checkpoint_every=1");
  program::test::run_undisturbed(consortium, "whole");
  consortium.keep_secrets("whole");

  std::mt19937 random(std::random_device{}());
  Run run(consortium, "parts");
  double slowest = 0;
  long most_lost = 0;
  for (int i = 0; i < kKills; ++i) {
    const long before = last_step(run);
    const double resumed =
        seconds_until("a step after a restart", 30, [&] { return last_step(run) > before; });
    if (i > 0) slowest = std::max(slowest, resumed);
    pause(std::uniform_real_distribution<double>(0, 0.3)(random));
    kill(run);
    most_lost = std::max(most_lost, last_step(run) - last_checkpoint(run));
    start(run, i);
  }
  run.require_done();
  measured(fault, ": ", kKills, " times, resumed within ", slowest, " s, ", most_lost,
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
