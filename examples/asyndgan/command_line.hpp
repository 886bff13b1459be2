// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "console.hpp"

/// What the files that know the command line share.
namespace asyndgan::program {

inline void add_voice(CLI::App& verb, Voice& voice) {
  verb.add_flag("-q,--quiet", voice.quiet, "Print errors only");
  verb.add_flag("--json", voice.json, "Print the result as JSON on standard output");
}

/// Runs what the user has chosen.
using Act = std::function<int(const std::function<int()>& verb)>;

/// Reads the command line and hands the verb that it names to `act`; help and wrong use are told
/// at once. Returns the exit code. No file is touched before `act`.
int with_command_line(int count, const char* const* arguments, Voice& voice, const Act& act);

/// The verb `provision` with its own verbs; the one that the user names sets `chosen`.
void add_provision(CLI::App& app, Voice& voice, std::function<int()>& chosen);

}  // namespace asyndgan::program
