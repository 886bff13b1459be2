// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
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
  std::string program = ASYNDGAN_PROGRAM;
  /// No file may grow beyond so many bytes, as on a disk that is full from there on.
  rlim_t largest_file = RLIM_INFINITY;
};

/// The built program, running; what it says goes by way of files in `scratch`. Killed if nobody
/// waits for its end, and with the test.
class Process {
 public:
  Process(std::filesystem::path scratch, std::vector<std::string> arguments,
          const RunOptions& options = {})
      : scratch_(std::move(scratch)) {
    std::filesystem::create_directories(scratch_);
    arguments.insert(arguments.begin(), options.program);
    const std::filesystem::path out = scratch_ / "stdout";
    const std::filesystem::path err = scratch_ / "stderr";
    std::fflush(nullptr);  // or the child would write it once more
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (std::freopen(out.c_str(), "w", stdout) == nullptr) ::_exit(99);
      if (std::freopen(err.c_str(), "w", stderr) == nullptr) ::_exit(99);
      if (options.largest_file != RLIM_INFINITY) {
        std::signal(SIGXFSZ, SIG_IGN);  // write() then fails, with EFBIG
        const rlimit limit{options.largest_file, options.largest_file};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(99);
      }
      std::vector<char*> pointers;
      pointers.reserve(arguments.size() + 1);
      for (auto& argument : arguments) pointers.push_back(argument.data());
      pointers.push_back(nullptr);
      ::execv(pointers.front(), pointers.data());
      ::_exit(99);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  [[nodiscard]] pid_t number() const { return child_; }
  void signal(int number) const { ::kill(child_, number); }

  /// 9 minutes at most.
  [[nodiscard]] Ended wait() {
    int status = 0;
    pid_t ended = 0;
    for (int i = 0; i < 108'000 && ended == 0; ++i) {
      ended = ::waitpid(child_, &status, WNOHANG);
      if (ended == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    INFO("the program does not end");
    REQUIRE(ended == child_);
    child_ = 0;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
            contents(scratch_ / "stdout"), contents(scratch_ / "stderr")};
  }

 private:
  std::filesystem::path scratch_;
  pid_t child_ = 0;
};

/// Runs the program to its end. `while_running` is called with its process number.
template <class WhileRunning>
[[nodiscard]] Ended run(const std::filesystem::path& scratch, std::vector<std::string> arguments,
                        const WhileRunning& while_running, const RunOptions& options = {}) {
  Process process(scratch, std::move(arguments), options);
  while_running(process.number());
  return process.wait();
}

[[nodiscard]] inline Ended run(const std::filesystem::path& scratch,
                               std::vector<std::string> arguments, const RunOptions& options = {}) {
  return run(
      scratch, std::move(arguments), [](pid_t) {}, options);
}

}  // namespace asyndgan::program::test
