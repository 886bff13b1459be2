// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of core/block_cache.hpp.

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#include "asyndgan/core/block_cache.hpp"
#include "asyndgan/core/impl/inline.hpp"

namespace asyndgan {

namespace detail {

struct Blocks {
  std::mutex mutex;
  std::map<std::size_t, std::vector<void*>> kept;  // by their size
  std::size_t kept_bytes = 0;
  std::size_t used_bytes = 0;
  std::size_t most_used = 0;

  /// Never destroyed: blocks of other static objects come back later.
  static Blocks& all() {
    static Blocks* const blocks = new Blocks;
    return *blocks;
  }

  /// What blocks of this size are made with: eight sizes an octave, so that few do not fit each
  /// other for a few bytes.
  static std::size_t rounded(std::size_t bytes) {
    const std::size_t step = std::bit_floor(bytes) / 8;
    return (bytes + step - 1) / step * step;
  }

  /// From the system, in huge pages where it has some. nullptr where there is no room.
  static void* map(std::size_t size) {
    constexpr std::size_t kHuge = std::size_t{1} << 21;
    const std::size_t spare = size < kHuge ? 0 : kHuge;  // to begin at a huge page
    void* const mapped =
        ::mmap(nullptr, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    if (spare == 0) return mapped;
    auto* const begin = static_cast<std::byte*>(mapped);
    const std::size_t front = (kHuge - reinterpret_cast<std::uintptr_t>(begin) % kHuge) % kHuge;
    if (front > 0) ::munmap(begin, front);
    if (front < spare) ::munmap(begin + front + size, spare - front);
#ifdef MADV_HUGEPAGE
    ::madvise(begin + front, size, MADV_HUGEPAGE);
#endif
    return begin + front;
  }

  /// Returns kept blocks to the system, largest first, until at most `bytes` are kept.
  void keep_at_most(std::size_t bytes) {
    while (kept_bytes > bytes) {
      const auto largest = std::prev(kept.end());
      ::munmap(largest->second.back(), largest->first);
      kept_bytes -= largest->first;
      largest->second.pop_back();
      if (largest->second.empty()) kept.erase(largest);
    }
  }
};

}  // namespace detail

ASYNDGAN_INLINE void* BlockCache::take(std::size_t bytes) {
  auto& blocks = detail::Blocks::all();
  const std::size_t size = detail::Blocks::rounded(bytes);
  const std::lock_guard lock(blocks.mutex);
  void* block = nullptr;
  if (const auto found = blocks.kept.find(size); found != blocks.kept.end()) {
    block = found->second.back();
    found->second.pop_back();
    if (found->second.empty()) blocks.kept.erase(found);
    blocks.kept_bytes -= size;
  } else {
    const std::size_t held = blocks.used_bytes + size;
    const std::size_t most = blocks.most_used + blocks.most_used / 4;
    blocks.keep_at_most(most > held ? most - held : 0);
    block = detail::Blocks::map(size);
    if (block == nullptr) {  // what is kept may be what is missing
      blocks.keep_at_most(0);
      block = detail::Blocks::map(size);
    }
    if (block == nullptr) throw std::bad_alloc();
  }
  blocks.used_bytes += size;
  blocks.most_used = std::max(blocks.most_used, blocks.used_bytes);
  return block;
}

ASYNDGAN_INLINE void BlockCache::give(void* block, std::size_t bytes) noexcept {
  auto& blocks = detail::Blocks::all();
  const std::size_t size = detail::Blocks::rounded(bytes);
  const std::lock_guard lock(blocks.mutex);
  blocks.used_bytes -= size;
  try {
    blocks.kept[size].push_back(block);
    blocks.kept_bytes += size;
  } catch (const std::bad_alloc&) {  // no memory to remember it by
    if (const auto empty = blocks.kept.find(size);
        empty != blocks.kept.end() && empty->second.empty()) {
      blocks.kept.erase(empty);
    }
    ::munmap(block, size);
  }
}

ASYNDGAN_INLINE void BlockCache::clear() noexcept {
  auto& blocks = detail::Blocks::all();
  const std::lock_guard lock(blocks.mutex);
  blocks.keep_at_most(0);
}

ASYNDGAN_INLINE std::size_t BlockCache::kept() noexcept {
  auto& blocks = detail::Blocks::all();
  const std::lock_guard lock(blocks.mutex);
  return blocks.kept_bytes;
}

}  // namespace asyndgan
