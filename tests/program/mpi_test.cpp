// SPDX-License-Identifier: Apache-2.0
//
// A centre and its sites as the processes of one MPI job; a centre whose processes are one.

#include <sys/types.h>

#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "consortium.hpp"
#include "run_program.hpp"
#include "support/catch.hpp"
#include "support/mpirun.hpp"

namespace asyndgan::program {
namespace {

using Catch::Contains;
using test::Consortium;
using test::Ended;

/// Under mpirun, in the order in which they are given. `while_running` is called with mpirun's
/// process number.
Ended run_job(
    const Consortium& consortium, const std::vector<std::vector<std::string>>& processes,
    const std::function<void(pid_t)>& while_running = [](pid_t) {}) {
  auto arguments = asyndgan::test::mpirun();
  for (const auto& process : processes) {
    if (&process != &processes.front()) arguments.emplace_back(":");
    arguments.insert(arguments.end(), {"-n", "1", ASYNDGAN_PROGRAM});
    arguments.insert(arguments.end(), process.begin(), process.end());
  }
  return test::run(consortium.path() / "job", std::move(arguments), while_running,
                   {.program = "/usr/bin/env"});
}

std::vector<std::vector<std::string>> whole_job(const Consortium& consortium,
                                                const std::string& out) {
  return {consortium.central_arguments(out), consortium.site_arguments("north", out),
          consortium.site_arguments("south", out)};
}

TEST_CASE("A run over MPI makes the generator of a run over TCP, bit for bit", "[program]") {
  Consortium consortium("tcp", 12);
  test::run_undisturbed(consortium, "tcp");
  consortium.keep_secrets("tcp");
  consortium.set("network.link=mpi");
  const Ended ended = run_job(consortium, whole_job(consortium, "mpi"));
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.err, Contains("connected to the centre at rank 0 of the MPI job"));
  CHECK((consortium.generator("mpi") == consortium.generator("tcp")));
}

TEST_CASE("An MPI job that is interrupted goes on, and nothing is lost", "[program]") {
  const Consortium consortium("mpi", 600);
  REQUIRE(run_job(consortium, whole_job(consortium, "whole")).code == 0);
  consortium.keep_secrets("whole");
  const auto interrupted = run_job(consortium, whole_job(consortium, "parts"), [&](pid_t mpirun) {
    consortium.wait_for("parts", 5);
    ::kill(mpirun, SIGINT);
  });
  CHECK(interrupted.code != 0);
  CHECK(consortium.generator("parts").empty());
  const Ended ended = run_job(consortium, whole_job(consortium, "parts"));
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK((consortium.generator("parts") == consortium.generator("whole")));
}

TEST_CASE("An MPI job in another order than data.sites ends with the reason", "[program]") {
  Consortium consortium("mpi", 3);
  const auto central = consortium.central_arguments("run");
  const auto north = consortium.site_arguments("north", "run");
  const auto south = consortium.site_arguments("south", "run");
  for (const auto& processes : {std::vector{central, south, north}, std::vector{central, north},
                                std::vector{north, central, south}}) {
    const Ended ended = run_job(consortium, processes);
    CHECK(ended.code != 0);
    CHECK_THAT(ended.err, Contains("process 0 has to be the centre, 1 to 2 the sites in the order "
                                   "of data.sites"));
  }
}

/// Three sites, of which the second process of the centre serves two.
class SeveralCentres {
 public:
  explicit SeveralCentres(const std::string& link, int steps = 12)
      : consortium(link, steps, {"north", "south", "east"}) {
    test::run_undisturbed(consortium, "one");
    consortium.keep_secrets("one");
    consortium.set("network.centres=[\"127.0.0.1:" + std::to_string(test::free_port()) +
                   "\",\"127.0.0.1:" + std::to_string(test::free_port()) + "\"]");
  }

  [[nodiscard]] std::unique_ptr<test::Process> central(int processes = 2) const {
    auto arguments = asyndgan::test::mpirun();
    arguments.insert(arguments.end(), {"-n", std::to_string(processes), ASYNDGAN_PROGRAM});
    const auto own = consortium.central_arguments("several");
    arguments.insert(arguments.end(), own.begin(), own.end());
    return std::make_unique<test::Process>(consortium.path() / "log-centre", std::move(arguments),
                                           test::RunOptions{.program = "/usr/bin/env"});
  }
  [[nodiscard]] std::unique_ptr<test::Process> site(const std::string& name) const {
    return consortium.site(name, "several");
  }
  [[nodiscard]] bool equals_one() const {
    return consortium.generator("several") == consortium.generator("one");
  }

  Consortium consortium;
};

TEST_CASE("A centre of two processes makes the generator of one, bit for bit", "[program]") {
  for (const std::string link : {"tcp", "tls"}) {
    const SeveralCentres run(link);
    const auto central = run.central();
    const auto north = run.site("north");
    const auto south = run.site("south");
    const auto east = run.site("east");
    for (auto* process : {central.get(), north.get(), south.get(), east.get()}) {
      test::require_done(*process);
    }
    CHECK(run.equals_one());
  }
}

TEST_CASE("A site that is lost ends all processes of the centre; the same commands go on",
          "[program]") {
  SeveralCentres run("tcp", 300);
  run.consortium.set("network.grace=0");
  run.consortium.set("training.checkpoint_every=1");  // a site that is killed saves nothing more
  const auto north = run.site("north");
  const auto south = run.site("south");
  {
    const auto central = run.central();
    const auto east = run.site("east");
    run.consortium.wait_for("several", 3);
    east->signal(SIGKILL);
    const Ended ended = central->wait();
    CHECK(ended.code != 0);
    CHECK_THAT(ended.err, Contains("site 'east' is gone"));
    CHECK_THAT(ended.err, Contains("the process of rank 1 has left: site 'east'"));
  }
  const auto central = run.central();
  const auto east = run.site("east");
  for (auto* process : {central.get(), north.get(), south.get(), east.get()}) {
    test::require_done(*process);
  }
  CHECK(run.equals_one());
}

TEST_CASE("A centre of another number of processes than network.centres is refused", "[program]") {
  const SeveralCentres run("tcp");
  const Ended ended = run.central(3)->wait();
  CHECK(ended.code != 0);
  CHECK_THAT(ended.err, Contains("network.centres names 2 processes, and the centre is of 3"));
}

}  // namespace
}  // namespace asyndgan::program
