// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace asyndgan::transport::mpi {

/// When to ask MPI again. It wakes nobody when a message comes, and its own waits take a whole core
/// from whoever trains beside them. So the thread that asks it sleeps in between, an eighth of the
/// time for which nothing has moved: what comes is late by an eighth of what it took.
class Pulse {
 public:
  /// To be called once by the thread that waits.
  static void prepare_thread();

  /// The next wait() ends at once. From any thread.
  void wake();

  /// Returns at once if anything has moved since the last one.
  void wait(bool moved);

 private:
  using Clock = std::chrono::steady_clock;
  /// About what falling asleep and waking up take.
  static constexpr std::chrono::microseconds kShortest{5};
  /// Which a training step does not feel. A process that only waits takes 2 % of a core,
  /// benchmarks/transport_mpi.
  static constexpr std::chrono::microseconds kLongest{1000};

  std::mutex mutex_;
  std::condition_variable woken_;
  bool wanted_ = false;
  Clock::time_point moved_{};  // last
};

}  // namespace asyndgan::transport::mpi
