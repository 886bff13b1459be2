// SPDX-License-Identifier: Apache-2.0
#pragma once

// The pool behind core/parallel.hpp.

#include <hwy/cache_control.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/core/parallel.hpp"

namespace asyndgan {

namespace detail {

/// Looks whether something has happened, for as long as it takes to put a thread to sleep and wake
/// it: the next kernel often comes sooner.
template <class Happened>
bool spin_until(const Happened& happened) {
  constexpr std::chrono::microseconds kLongest(50);
  constexpr int kLooks = 64;  // between two looks at the clock
  for (const auto begin = std::chrono::steady_clock::now();
       std::chrono::steady_clock::now() - begin < kLongest;) {
    for (int i = 0; i < kLooks; ++i) {
      if (happened()) return true;
      hwy::Pause();
    }
  }
  return false;
}

/// One pool for the process. Any thread may hand in work, several at a time; the caller works
/// on its own job, and idle workers join the oldest one that has items left.
class ThreadPool {
 public:
  static ThreadPool& instance() {
    static ThreadPool pool(static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
    return pool;
  }

  explicit ThreadPool(int threads) { start(threads); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() { stop(); }

  void resize(int threads) {
    stop();
    start(threads);
  }

  [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Runs item(0) ... item(count - 1), each once, and returns when all have ended. The first
  /// exception is rethrown here once every item has ended.
  void run(std::size_t count, const ItemCall& item) {
    auto job = std::make_shared<Job>(count, item);
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(job);
      ++arrived_;
    }
    work_arrived_.notify_all();
    job->work();
    {
      const std::lock_guard lock(mutex_);
      std::erase(jobs_, job);
    }
    job->wait();
  }

 private:
  class Job {
   public:
    Job(std::size_t count, const ItemCall& item) : count_(count), item_(item) {}

    [[nodiscard]] bool has_items() const { return next_.load(std::memory_order_relaxed) < count_; }

    void work() {
      std::size_t ended = 0;
      for (std::size_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1), ++ended) {
        try {
          item_.call(item_.item, i);
        } catch (...) {
          const std::lock_guard lock(mutex_);
          if (!error_) error_ = std::current_exception();
        }
      }
      if (ended == 0) return;
      const std::lock_guard lock(mutex_);
      ended_ += ended;
      if (ended_ == count_) all_ended_.notify_all();
    }

    void wait() {
      const auto all_ended = [&] { return ended_ == count_; };
      spin_until(all_ended);
      std::unique_lock lock(mutex_);
      all_ended_.wait(lock, all_ended);
      if (error_) std::rethrow_exception(error_);
    }

   private:
    const std::size_t count_;
    const ItemCall item_;  // what it points to lives until wait() returns
    std::atomic<std::size_t> next_ = 0;
    std::mutex mutex_;
    std::condition_variable all_ended_;
    std::atomic<std::size_t> ended_ = 0;
    std::exception_ptr error_;
  };

  void start(int threads) {
    stopping_ = false;
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { serve(); });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      ++arrived_;
    }
    work_arrived_.notify_all();
    for (auto& worker : workers_) worker.join();
    workers_.clear();
  }

  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      const auto open = std::find_if(jobs_.begin(), jobs_.end(),
                                     [](const auto& job) { return job->has_items(); });
      if (open != jobs_.end()) {
        const std::shared_ptr<Job> job = *open;
        lock.unlock();
        job->work();
        lock.lock();
      } else if (stopping_) {
        return;
      } else {
        const std::size_t seen = arrived_;
        const auto arrived = [&] { return arrived_ != seen; };
        lock.unlock();
        spin_until(arrived);
        lock.lock();
        work_arrived_.wait(lock, arrived);
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::deque<std::shared_ptr<Job>> jobs_;
  std::vector<std::thread> workers_;
  std::atomic<std::size_t> arrived_ = 0;  // jobs, and the wish to stop
  bool stopping_ = false;
};

ASYNDGAN_INLINE void run_in_pool(std::size_t count, const ItemCall& item) {
  ThreadPool::instance().run(count, item);
}

}  // namespace detail

ASYNDGAN_INLINE int thread_count() { return detail::ThreadPool::instance().threads(); }

ASYNDGAN_INLINE void set_thread_count(int threads) {
  detail::ThreadPool::instance().resize(threads);
}

}  // namespace asyndgan
