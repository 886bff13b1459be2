// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "faults/lan.hpp"
#include "faults/watch.hpp"
#include "program/consortium.hpp"
#include "program/run_program.hpp"

/// A consortium whose participants are hosts of a Lan.
namespace asyndgan::faults {

using program::test::Consortium;
using program::test::Ended;
using program::test::Process;
using program::test::require_done;

inline constexpr int kEndless = 1'000'000;  // steps: more than any test waits for

struct LanConsortium : Consortium {
  LanConsortium(const Lan& lan, int steps)
      : Consortium("tls", steps, {"north", "south"}, {Lan::kCentreName}) {
    for (const std::string who : {"centre", "north", "south"}) start_by(who, lan.launcher(who));
  }
};

/// One whose run can do without a site, and does not wait for a slow one.
struct ElasticConsortium : LanConsortium {
  explicit ElasticConsortium(const Lan& lan) : LanConsortium(lan, kEndless) {
    set("network.minimum_sites=1");
    set("network.schedule=bounded_staleness");
  }
};

/// A program of somebody else's on a host; it ends with the test.
[[nodiscard]] inline std::unique_ptr<Process> start_on(const Lan& lan, const std::string& host,
                                                       const std::filesystem::path& scratch,
                                                       const std::vector<std::string>& command) {
  auto words = lan.launcher(host);
  program::test::RunOptions options;
  options.program = words.front();
  words.erase(words.begin());
  words.insert(words.end(), command.begin(), command.end());
  return std::make_unique<Process>(scratch, std::move(words), options);
}

/// Centre and sites of a consortium, started.
struct Run {
  explicit Run(const Consortium& of, std::string folder = "run")
      : consortium(of),
        out(std::move(folder)),
        central(of.central(out)),
        north(of.site("north", out)),
        south(of.site("south", out)) {}

  [[nodiscard]] std::filesystem::path events() const {
    return consortium.path() / out / "events.jsonl";
  }
  /// What `who` says on standard error.
  [[nodiscard]] std::filesystem::path log(const std::string& who) const {
    return consortium.path() / ("log-" + who) / "stderr";
  }
  void wait_for_steps(std::ptrdiff_t steps) const { consortium.wait_for(out, steps); }
  void require_done() const {
    for (auto* process : {central.get(), north.get(), south.get()}) {
      program::test::require_done(*process);
    }
  }
  /// Ctrl-C at all of them, which must save and end.
  void stop() const {
    for (auto* process : {central.get(), north.get(), south.get()}) {
      process->signal(SIGINT);
      CHECK(process->wait().code == 130);
    }
  }

  const Consortium& consortium;
  std::string out;
  std::unique_ptr<Process> central;
  std::unique_ptr<Process> north;
  std::unique_ptr<Process> south;
};

/// The lines by which the centre tells of the site 'south'.
inline constexpr const char* kSouthGone = "site 'south' is gone";
inline constexpr const char* kSouthCame = "site 'south' has come";
/// In the line of each step that has a gradient of the site.
inline constexpr const char* kOfNorth = "\"discriminator north\"";
inline constexpr const char* kOfSouth = "\"discriminator south\"";

}  // namespace asyndgan::faults
