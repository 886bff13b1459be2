// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <new>
#include <random>
#include <stdexcept>
#include <thread>

namespace asyndgan::test {

/// So often is a writer killed. Under a sanitizer a process starts so slowly that nearly all would
/// die before they write: tests of it are left out there.
inline constexpr std::uint64_t kKills = 1000;

/// Processes that write version after version of something, one at a time, and are killed in the
/// middle of it.
class KilledWriter {
 public:
  KilledWriter() {
    void* shared = ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw std::runtime_error("no memory to share with a process");
    progress_ = new (shared) Progress;
  }
  KilledWriter(const KilledWriter&) = delete;
  KilledWriter& operator=(const KilledWriter&) = delete;
  ~KilledWriter() { ::munmap(progress_, sizeof(Progress)); }

  /// The last version whose write(version) has returned, in any of the processes.
  [[nodiscard]] std::uint64_t written() const { return progress_->written; }

  /// In a process of its own: write(written() + 1), and so on, until it is killed at a random
  /// moment, about as often in the first version as in a later one. False where it ended by itself,
  /// as by an exception.
  template <class Write>
  [[nodiscard]] bool run(const Write& write) {
    const std::uint64_t before = written();
    progress_->begun = false;
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("no process to write in");
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      try {
        progress_->begun = true;
        for (;;) {
          write(progress_->written + 1);
          ++progress_->written;
        }
      } catch (...) {
        ::_exit(1);
      }
    }
    while (!progress_->begun) std::this_thread::yield();
    std::this_thread::sleep_for(std::uniform_real_distribution(0.0, 1.0)(random_) * longest_);
    ::kill(child, SIGKILL);
    int status = 0;
    const bool killed = ::waitpid(child, &status, 0) == child && WIFSIGNALED(status);
    longest_ *= written() == before ? 1.02 : 0.98;
    return killed;
  }

 private:
  struct Progress {
    std::atomic<std::uint64_t> written = 0;
    std::atomic<bool> begun = false;
  };

  Progress* progress_;
  std::chrono::duration<double> longest_ = std::chrono::milliseconds(1);
  std::mt19937_64 random_{1};  // what the machine adds to it is random enough
};

}  // namespace asyndgan::test
