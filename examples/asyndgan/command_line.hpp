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

/// The verb `provision` with its own verbs; the one that the user names sets `chosen`.
void add_provision(CLI::App& app, Voice& voice, std::function<int()>& chosen);

}  // namespace asyndgan::program
