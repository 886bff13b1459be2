// SPDX-License-Identifier: Apache-2.0
//
// F14, F15: disks, file handles and memory that run out.

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "faults/machine.hpp"
#include "faults/run.hpp"

namespace asyndgan::faults {
namespace {

constexpr int kResourceSteps = 300;
constexpr const char* kFull = "No space left on device";

/// Files of checkpoints, whole ones.
std::ptrdiff_t checkpoints_in(const std::filesystem::path& folder) {
  std::ptrdiff_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "checkpoints")) {
    count += entry.path().extension() == ".safetensors" && entry.file_size() > 0 ? 1 : 0;
  }
  return count;
}

TEST_CASE("F14: a disk of the centre that is full for a while", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  const Lan lan;
  LanConsortium consortium(lan, kResourceSteps);
  program::test::run_undisturbed(consortium, "whole");
  consortium.keep_secrets("whole");

  const SmallDisk disk(consortium.path() / "parts", "4m");
  const Run run(consortium, "parts");
  run.wait_for_steps(20);
  const Since full(run.log("centre"));
  const Since of_site(run.log("north"));
  disk.fill();
  seconds_until("the centre tells that its disk is full", 30, [&] {
    return full.says(std::string(kFull) + "; the run goes on, and checkpoints are tried again");
  });
  const auto kept = checkpoints_in(consortium.path() / "parts");
  CHECK(kept >= 2);
  // The last steps are done, and the run waits for room to write what it was for.
  seconds_until("the run comes to its end", 120,
                [&] { return full.says("the results are tried again"); });
  CHECK(checkpoints_in(consortium.path() / "parts") == kept);
  CHECK_FALSE(of_site.says("trying again"));
  disk.make_room();
  run.require_done();
  CHECK(full.says("the results can be written again"));
  CHECK((consortium.generator("parts") == consortium.generator("whole")));
  measured("F14: centre's disk full: all ", kResourceSteps, " steps done, ", kept,
           " older checkpoints kept, the generator is the same once there was room");
}

TEST_CASE("F14: a disk of a site that is full for a while", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  const Lan lan;
  LanConsortium consortium(lan, kResourceSteps);
  program::test::run_undisturbed(consortium, "whole");
  consortium.keep_secrets("whole");

  const SmallDisk disk(consortium.path() / "parts-south", "4m");
  const Run run(consortium, "parts");
  run.wait_for_steps(20);
  const Since full(run.log("south"));
  disk.fill();
  // Nothing leaves that its ledger has no room for.
  seconds_until("the site tells that its disk is full", 30,
                [&] { return full.says("cannot write ledger") && full.says(kFull); });
  CHECK(full.says("; trying again in "));
  CHECK(checkpoints_in(consortium.path() / "parts-south") >= 2);
  const Since waiting(run.events());
  pause(3);
  CHECK(waiting.lines() <= 1);
  disk.make_room();
  const double back = seconds_until("the run goes on", 15, [&] { return waiting.lines() > 3; });
  run.require_done();
  CHECK((consortium.generator("parts") == consortium.generator("whole")));
  measured("F14: site's disk full: it is out until there is room, back after ", back,
           " s, the generator is the same");
}

TEST_CASE("F15: a centre without file handles keeps the sites that it has", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  const Lan lan;
  ElasticConsortium consortium(lan);
  auto launcher = lan.launcher("centre");
  launcher.insert(launcher.end(), {"prlimit", "--nofile=32"});
  consortium.start_by("centre", launcher);
  const auto central = consortium.central("run");
  const auto north = consortium.site("north", "run");
  consortium.wait_for("run", 20);

  const auto events = consortium.path() / "run" / "events.jsonl";
  const Since said(consortium.path() / "log-centre" / "stderr");
  const Since of_north(consortium.path() / "log-north" / "stderr");
  std::string port;
  for (const auto& word : consortium.central_arguments("run")) {
    if (word.starts_with("network.port=")) port = word.substr(word.find('=') + 1);
  }
  // Connections of nobody in particular, which say nothing; each is given up after 10 s.
  const auto crowd = start_on(
      lan, "south", consortium.path() / "crowd",
      {"bash", "-c",
       "for i in $(seq 40); do exec {handle}<>/dev/tcp/10.77.0.1/" + port + "; done; sleep 9"});
  pause(1);
  const auto south = consortium.site("south", "run");
  seconds_until("the centre tells that it has no handles", 5,
                [&] { return said.says("no new site can connect for now: Too many open files"); });
  const Since meanwhile(events);
  pause(5);
  CHECK_FALSE(meanwhile.says(kSouthCame));
  const auto steps = meanwhile.lines_with(kOfNorth);
  CHECK(steps > 10);
  CHECK_FALSE(of_north.says("trying again"));
  const double back = seconds_until("south comes in", 30, [&] { return meanwhile.says(kOfSouth); });
  measured("F15: no file handles: ", static_cast<double>(steps) / 5,
           " steps/s with the site that is in, the other one in ", back, " s later");
  for (auto* process : {central.get(), north.get(), south.get()}) {
    process->signal(SIGINT);
    CHECK(process->wait().code == 130);
  }
}

TEST_CASE("F15: a centre that the system kills for its memory", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  if (!SmallMemory::possible()) {
    WARN("cannot run here: no memory cgroup of version 1 at " << SmallMemory::kRoot);
    return;
  }
  const Lan lan;
  LanConsortium consortium(lan, kResourceSteps);
  consortium.set("training.checkpoint_every=1");
  program::test::run_undisturbed(consortium, "whole");
  consortium.keep_secrets("whole");

  const SmallMemory memory(std::size_t{128} << 20);
  const std::string enter = "echo $$ > " + memory.members().string() + " && ";
  const auto plain = lan.launcher("centre");
  std::vector<std::string> launcher = {
      "/bin/sh", "-c", enter + "echo 1000 > /proc/$$/oom_score_adj && exec \"$@\"", "sh"};
  launcher.insert(launcher.end(), plain.begin(), plain.end());
  consortium.start_by("centre", launcher);
  Run run(consortium, "parts");
  run.wait_for_steps(20);
  // Somebody who takes all the memory there is. The system is told to kill the centre first.
  {
    const Process hog(consortium.path() / "hog", {"-c", enter + "exec tail /dev/zero"},
                      {.program = "/bin/sh"});
    CHECK(run.central->wait().code == -SIGKILL);
  }
  consortium.start_by("centre", plain);
  const Since restarted(run.events());
  run.central = consortium.central(run.out);
  const double resumed = seconds_until("a step", 10, [&] { return restarted.lines() > 0; });
  run.require_done();
  CHECK((consortium.generator("parts") == consortium.generator("whole")));
  measured("F15: out of memory: killed, resumed after ", resumed, " s, the generator is the same");
}

}  // namespace
}  // namespace asyndgan::faults
