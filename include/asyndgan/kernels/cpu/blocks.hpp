// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <numeric>
#include <vector>

#include "asyndgan/core/parallel.hpp"

namespace asyndgan::kernels::cpu {

/// Elements that one thread takes at a time in an element-wise loop: 64 KiB of float, which
/// with its output and gradient fits a 512 KiB second-level cache.
inline constexpr std::size_t kBlock = 16384;

/// item(i) for i in [0, size), in blocks over the threads; the inner loop is left to the
/// compiler to vectorise, so item should be a few branch-free operations.
template <class F>
void for_each_element(std::size_t size, const F& item) {
  parallel_blocks(size, kBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) item(i);
  });
}

/// Sum of value(i) for i in [begin, end), in double and in one fixed order: 16 partial sums in
/// T, so that the loop vectorises, each emptied into a double every 64 of its terms, so that
/// the error stays near that of a double sum.
template <std::floating_point T, class F>
[[nodiscard]] double sum(std::size_t begin, std::size_t end, const F& value) {
  constexpr std::size_t kLanes = 16;
  constexpr std::size_t kRun = 64 * kLanes;
  double total = 0;
  std::size_t i = begin;
  while (i + kLanes <= end) {
    const std::size_t run_end = i + std::min(kRun, (end - i) / kLanes * kLanes);
    std::array<T, kLanes> lanes{};
    for (; i < run_end; i += kLanes) {
      for (std::size_t l = 0; l < kLanes; ++l) lanes[l] += value(i + l);
    }
    for (const T lane : lanes) total += static_cast<double>(lane);
  }
  for (; i < end; ++i) total += static_cast<double>(value(i));
  return total;
}

/// Sum of block(begin, end) over blocks of [0, size), which run on all threads and are added in
/// their order.
template <class F>
[[nodiscard]] double sum_over_blocks(std::size_t size, const F& block) {
  std::vector<double> sums((size + kBlock - 1) / kBlock);
  parallel_blocks(size, kBlock, [&](std::size_t begin, std::size_t end) {
    sums[begin / kBlock] = block(begin, end);
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace asyndgan::kernels::cpu
