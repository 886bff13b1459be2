// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace asyndgan {

namespace detail {

/// A callable of some type: call(item, i) is (*item)(i).
struct ItemCall {
  const void* item;
  void (*call)(const void* item, std::size_t i);
};

/// parallel_for, of two items or more, by the pool.
void run_in_pool(std::size_t count, const ItemCall& item);

}  // namespace detail

/// Number of threads that kernels use, the caller's included. Results do not depend on it.
[[nodiscard]] int thread_count();

/// Requires  threads >= 1, and that no kernel is running.
void set_thread_count(int threads);

/// Calls item(i) for i in [0, count), in any order and on any thread, and returns when all
/// have ended. Items must not write to the same memory: the split into items, never the
/// number of threads, decides every result.
template <class F>
requires std::is_invocable_v<const F&, std::size_t>
void parallel_for(std::size_t count, const F& item) {
  if (count == 0) return;
  if (count == 1 || thread_count() == 1) {
    for (std::size_t i = 0; i < count; ++i) item(i);
    return;
  }
  detail::run_in_pool(
      count, {&item, [](const void* f, std::size_t i) { (*static_cast<const F*>(f))(i); }});
}

/// As parallel_for, over [0, size) in blocks of at most `grain`: item(begin, end).
template <class F>
requires std::is_invocable_v<const F&, std::size_t, std::size_t>
void parallel_blocks(std::size_t size, std::size_t grain, const F& item) {
  parallel_for((size + grain - 1) / grain, [&](std::size_t i) {
    const std::size_t begin = i * grain;
    item(begin, std::min(size, begin + grain));
  });
}

}  // namespace asyndgan

#ifndef ASYNDGAN_COMPILED
#include "asyndgan/core/impl/parallel.hpp"
#endif
