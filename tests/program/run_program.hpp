// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace asyndgan::program::test {

[[nodiscard]] inline std::string contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// How the program ended, and what it said.
struct Ended {
  int code = -1;  // the signal's number, negative, if one ended it
  std::string out;
  std::string err;
};

struct RunOptions {
  /// No file may grow beyond so many bytes, as on a disk that is full from there on.
  rlim_t largest_file = RLIM_INFINITY;
};

/// Runs the built program; what it says goes by way of files in `scratch`. `while_running` is
/// called with its process number.
template <class WhileRunning>
[[nodiscard]] Ended run(const std::filesystem::path& scratch, std::vector<std::string> arguments,
                        const WhileRunning& while_running, const RunOptions& options = {}) {
  arguments.insert(arguments.begin(), ASYNDGAN_PROGRAM);
  const std::filesystem::path out = scratch / "stdout";
  const std::filesystem::path err = scratch / "stderr";
  std::fflush(nullptr);  // or the child would write it once more
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (std::freopen(out.c_str(), "w", stdout) == nullptr) ::_exit(99);
    if (std::freopen(err.c_str(), "w", stderr) == nullptr) ::_exit(99);
    if (options.largest_file != RLIM_INFINITY) {
      std::signal(SIGXFSZ, SIG_IGN);  // write() then fails, with EFBIG
      const rlimit limit{options.largest_file, options.largest_file};
      if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(99);
    }
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    ::execv(pointers.front(), pointers.data());
    ::_exit(99);
  }
  while_running(child);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), contents(out),
          contents(err)};
}

[[nodiscard]] inline Ended run(const std::filesystem::path& scratch,
                               std::vector<std::string> arguments, const RunOptions& options = {}) {
  return run(
      scratch, std::move(arguments), [](pid_t) {}, options);
}

}  // namespace asyndgan::program::test
