// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

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
  bool quiet = false;  // errors only
  bool json = false;   // the result as JSON

  [[nodiscard]] telemetry::Progress::Options progress(const std::string& unit) const;

  /// A line for people, on standard error.
  void say(std::string_view line) const;
};

/// Makes Ctrl-C and SIGTERM set a flag; the second one ends the program at once.
void watch_for_interrupts();

/// True once the user has asked to stop. Loops look at it between steps.
[[nodiscard]] bool interrupted();

/// Ends a phase early because the user asked to; what was done is saved.
struct Interrupted {};

}  // namespace asyndgan::program
