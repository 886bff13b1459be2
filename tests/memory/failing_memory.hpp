// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <new>

/// An operator new that fails when it is told to, which failing_memory.cpp puts in the place of the
/// usual one.
namespace asyndgan::test {

/// The n-th allocation of `smallest` bytes or more, from here to the end of its life, fails: of
/// whatever thread.
class FailingMemory {
 public:
  explicit FailingMemory(long n, std::size_t smallest = 0) {
    least() = smallest;
    left() = n;
  }
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;
  ~FailingMemory() { left() = 0; }

  /// Whether there were so many.
  [[nodiscard]] static bool has_failed() { return left() <= 0; }

  /// Called for each allocation.
  static void count(std::size_t bytes) {
    if (left() > 0 && bytes >= least() && left().fetch_sub(1) == 1) throw std::bad_alloc();
  }

 private:
  /// 0 and less: none fails.
  static std::atomic<long>& left() {
    static constinit std::atomic<long> value{0};
    return value;
  }
  static std::atomic<std::size_t>& least() {
    static constinit std::atomic<std::size_t> value{0};
    return value;
  }
};

/// work() with its first allocation failing, then with its second, and so on until none does.
/// `after_failure` looks at what each left behind. `work` may throw what says that there is no
/// memory, and nothing else. Returns how many allocations there are.
template <class Work, class AfterFailure>
long for_each_allocation(const Work& work, const AfterFailure& after_failure) {
  for (long n = 1;; ++n) {
    bool failed = false;
    {
      const FailingMemory memory(n);
      try {
        work();
      } catch (const std::bad_alloc&) {
      }
      failed = FailingMemory::has_failed();
    }
    if (!failed) return n - 1;
    after_failure();
  }
}

}  // namespace asyndgan::test
