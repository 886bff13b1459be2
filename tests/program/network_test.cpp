// SPDX-License-Identifier: Apache-2.0
//
// A centre and its sites as programs of their own, with a network between them.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "consortium.hpp"
#include "run_program.hpp"
#include "support/catch.hpp"

namespace asyndgan::program {
namespace {

using Catch::Contains;
using test::Consortium;
using test::contents;
using test::Ended;
using test::require_done;
using test::run_undisturbed;

TEST_CASE("A centre that is killed comes back, its sites with it, and nothing is lost",
          "[program]") {
  for (const std::string link : {"tcp", "tls"}) {
    const Consortium consortium(link, 40);
    run_undisturbed(consortium, "whole");
    consortium.keep_secrets("whole");

    const auto north = consortium.site("north", "parts");
    const auto south = consortium.site("south", "parts");
    for (const std::ptrdiff_t steps : {5, 20}) {
      const auto central = consortium.central("parts");
      consortium.wait_for("parts", steps);
      central->signal(SIGKILL);
      CHECK(central->wait().code == -SIGKILL);
    }
    const auto central = consortium.central("parts");
    for (auto* process : {central.get(), north.get(), south.get()}) require_done(*process);
    CHECK((consortium.generator("parts") == consortium.generator("whole")));
  }
}

TEST_CASE("A site that is killed, and all at once, cost the steps since the last checkpoint",
          "[program]") {
  const Consortium consortium("tcp", 40);
  run_undisturbed(consortium, "whole");
  consortium.keep_secrets("whole");

  auto central = consortium.central("parts");
  auto north = consortium.site("north", "parts");
  auto south = consortium.site("south", "parts");
  consortium.wait_for("parts", 5);
  north->signal(SIGKILL);
  CHECK(north->wait().code == -SIGKILL);
  north = consortium.site("north", "parts");
  consortium.wait_for("parts", 14);
  for (const int signal : {SIGINT, SIGKILL}) {
    for (auto* process : {north.get(), central.get(), south.get()}) process->signal(signal);
    for (auto* process : {north.get(), central.get(), south.get()}) (void)process->wait();
    south = consortium.site("south", "parts");
    central = consortium.central("parts");
    north = consortium.site("north", "parts");
    if (signal == SIGINT) consortium.wait_for("parts", 26);
  }
  for (auto* process : {central.get(), north.get(), south.get()}) require_done(*process);
  CHECK((consortium.generator("parts") == consortium.generator("whole")));
}

TEST_CASE("A run that can do without a site goes on when it is killed, and takes it back",
          "[program]") {
  Consortium consortium("tls", 1'000'000);
  consortium.set("network.minimum_sites=1");
  consortium.set("network.schedule=bounded_staleness");
  const auto central = consortium.central("run");
  const auto north = consortium.site("north", "run");
  auto south = consortium.site("south", "run");
  const auto events = consortium.path() / "run" / "events.jsonl";
  const std::string of_south = "\"discriminator south\"";  // its losses, with a gradient
  consortium.wait_for_text(events, of_south);
  south->signal(SIGKILL);
  CHECK(south->wait().code == -SIGKILL);
  const std::string gone = "site 'south' is gone";
  consortium.wait_for_text(events, gone);
  consortium.wait_for_text(events, "\"answers\":1", gone);
  south = consortium.site("south", "run");
  consortium.wait_for_text(events, of_south, gone);
  CHECK_THAT(contents(events), Contains("site 'south' has come"));
  for (auto* process : {central.get(), north.get(), south.get()}) {
    process->signal(SIGINT);
    CHECK(process->wait().code == 130);
  }
}

TEST_CASE("A centre whose sites stop with it, and before it, was interrupted and did not fail",
          "[program]") {
  const Consortium consortium("tcp", 1'000'000);
  const auto central = consortium.central("run");
  const auto north = consortium.site("north", "run");
  const auto south = consortium.site("south", "run");
  consortium.wait_for("run", 5);
  central->signal(SIGSTOP);  // so that it finds them gone when it is told to stop itself
  for (auto* site : {north.get(), south.get()}) {
    site->signal(SIGTERM);
    CHECK(site->wait().code == 130);
  }
  central->signal(SIGTERM);
  central->signal(SIGCONT);
  const Ended ended = central->wait();
  INFO(ended.err);
  CHECK(ended.code == 130);
}

TEST_CASE("A site that waits for the centre hears that it is to stop", "[program]") {
  const Consortium consortium("tls", 1'000'000);
  const auto central = consortium.central("run");
  const auto north = consortium.site("north", "run");
  const auto south = consortium.site("south", "run");
  consortium.wait_for("run", 5);
  central->signal(SIGSTOP);
  for (auto* site : {north.get(), south.get()}) {
    site->signal(SIGINT);
    const Ended ended = site->wait();
    CHECK(ended.code == 130);
    const std::string said = ended.err.substr(ended.err.find("connected to the centre"));
    CHECK_THAT(said, !Contains("trying again"));  // as when silence had ended its wait
  }
  central->signal(SIGINT);
  central->signal(SIGCONT);
  CHECK(central->wait().code == 130);
}

TEST_CASE("A site that is stopped before its first step is not bound to that step", "[program]") {
  const Consortium consortium("tcp", 3);
  const auto central = consortium.central("run");
  auto north = consortium.site("north", "run");
  consortium.wait_for_text(consortium.path() / "log-north" / "stderr", "connected to the centre");
  north->signal(SIGINT);  // the centre waits for the other one
  CHECK(north->wait().code == 130);
  CHECK(std::filesystem::is_empty(consortium.path() / "run-north" / "checkpoints"));
  north = consortium.site("north", "run");
  const auto south = consortium.site("south", "run");
  for (auto* process : {central.get(), north.get(), south.get()}) require_done(*process);
}

TEST_CASE("A centre goes on with the configuration of its run and with no other", "[program]") {
  Consortium consortium("tcp", 4);
  run_undisturbed(consortium, "run");
  consortium.set("training.beta1=0.25");
  const Ended ended = consortium.central("run")->wait();
  CHECK(ended.code == 2);
  CHECK_THAT(ended.err, Contains("training.beta1: 0.5 there, 0.25 here"));
}

TEST_CASE("A site believes a centre only by the host that it has looked for", "[program]") {
  Consortium consortium("tls", 3);
  const auto central = consortium.central("run");
  consortium.set("network.host=127.0.0.2");  // no host of its certificate
  const auto north = consortium.site("north", "run");
  const auto said = consortium.path() / "log-north" / "stderr";
  consortium.wait_for_text(said, "it is not");
  CHECK_THAT(contents(said),
             Contains("it is not '127.0.0.2': it shows the certificate of 'centre'"));
}

TEST_CASE("A second program of a site takes its place, and the first one ends", "[program]") {
  Consortium consortium("tls", 1'000'000);
  consortium.set("network.minimum_sites=1");
  const auto central = consortium.central("run");
  const auto first = consortium.site("north", "run");
  consortium.wait_for("run", 5);
  const auto second = consortium.site("north", "other");
  const Ended ended = first->wait();
  CHECK(ended.code == 1);
  CHECK_THAT(ended.err, Contains("it refused: a newer program of site 'north' has its place"));
  const std::string before = contents(consortium.path() / "run" / "events.jsonl");
  consortium.wait_for("run", std::count(before.begin(), before.end(), '\n') + 5);
  for (auto* process : {central.get(), second.get()}) {
    process->signal(SIGINT);
    CHECK(process->wait().code == 130);
  }
}

TEST_CASE("A site that is not what it says is told so", "[program]") {
  const Consortium consortium("tls", 4);
  const Ended unknown = consortium.site("west", "run")->wait();
  CHECK(unknown.code == 2);
  CHECK_THAT(unknown.err, Contains("'west' is none of data.sites: north, south"));
}

}  // namespace
}  // namespace asyndgan::program
