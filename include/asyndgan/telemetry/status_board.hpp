// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

#include "asyndgan/telemetry/status.hpp"

namespace asyndgan::telemetry {

/// Where the thread that trains puts its status up, and others read it. Neither waits for the
/// other: what is read never changes, and only a pointer is exchanged under the lock.
///
/// Threads  any.
class StatusBoard {
 public:
  void publish(Status status) {
    auto next = std::make_shared<const Status>(std::move(status));
    const std::lock_guard lock(mutex_);
    status_.swap(next);  // the old one ends outside of the lock
  }
  /// The last that was published; an empty one before the first.
  [[nodiscard]] std::shared_ptr<const Status> read() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  /// Somebody looks at the page now.
  void look() { looked_ = Clock::now().time_since_epoch(); }
  /// Whether somebody did in the last ten seconds, so that pictures are drawn for nobody else.
  [[nodiscard]] bool is_looked_at() const {
    return Clock::now().time_since_epoch() - looked_.load() < std::chrono::seconds(10);
  }

 private:
  using Clock = std::chrono::steady_clock;

  mutable std::mutex mutex_;
  std::shared_ptr<const Status> status_ = std::make_shared<const Status>();
  std::atomic<Clock::duration> looked_ = Clock::duration::min() / 2;
};

}  // namespace asyndgan::telemetry
