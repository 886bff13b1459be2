// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "asyndgan/telemetry/progress.hpp"

namespace asyndgan::program {

/// What the program returns to the shell.
enum ExitCode {
  kDone = 0,
  kFailed = 1,        // of the world: a file, the disk, a site
  kWrongUse = 2,      // of the command line or the configuration
  kInterrupted = 130  // Ctrl-C; saved, and the same command goes on
};

/// How a verb talks. Progress and messages go to standard error, results to standard output, so
/// that `asyndgan ... --json | jq` works.
struct Voice {
  bool quiet = false;  // errors only, and the result where it is asked for as JSON
  bool json = false;   // the result as JSON; of a failure {"ok": false, "problems": [...]}

  /// The result is shown as text.
  [[nodiscard]] bool shows_text() const { return !quiet && !json; }

  [[nodiscard]] telemetry::Progress::Options progress(const std::string& unit) const;

  /// A line for people, on standard error.
  void say(std::string_view line) const;
};

/// A result as JSON on standard output, whatever bytes the file names in it have.
void print(const nlohmann::ordered_json& result);

/// Makes Ctrl-C and SIGTERM set a flag; the second one ends the program at once.
void watch_for_interrupts();

/// True once the user has asked to stop. Loops look at it between steps.
[[nodiscard]] bool interrupted();

/// Ends a phase early because the user asked to; what was done is saved.
struct Interrupted {};

}  // namespace asyndgan::program
