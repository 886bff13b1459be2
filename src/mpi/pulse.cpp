// SPDX-License-Identifier: Apache-2.0
#include "mpi/pulse.hpp"

#include <sys/prctl.h>

#include <algorithm>

namespace asyndgan::transport::mpi {

// Linux lets a thread oversleep by 50 us, to save power.
void Pulse::prepare_thread() { ::prctl(PR_SET_TIMERSLACK, 1000UL); }

void Pulse::wake() {
  const std::lock_guard lock(mutex_);
  wanted_ = true;
  woken_.notify_one();
}

void Pulse::wait(bool moved) {
  const auto now = Clock::now();
  if (moved) {
    moved_ = now;
    return;
  }
  const auto nap = std::clamp<Clock::duration>((now - moved_) / 8, kShortest, kLongest);
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, nap, [this] { return wanted_; });
  wanted_ = false;
}

}  // namespace asyndgan::transport::mpi
