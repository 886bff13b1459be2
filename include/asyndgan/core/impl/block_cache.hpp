// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of core/block_cache.hpp.

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <utility>

#include "asyndgan/core/block_cache.hpp"
#include "asyndgan/core/impl/inline.hpp"

namespace asyndgan {

namespace detail {

/// Ranges of pages, found by their size and joined by their address.
struct Blocks {
  static constexpr std::size_t kPage = BlockCache::kSmallest;  // whole pages on every machine
  static constexpr std::size_t kHuge = std::size_t{1} << 21;

  std::mutex mutex;
  std::map<std::byte*, std::size_t> kept;                // no two touch
  std::set<std::pair<std::size_t, std::byte*>> by_size;  // the same
  std::size_t kept_bytes = 0;
  std::size_t used_bytes = 0;
  std::size_t most_used = 0;

  /// Never destroyed: blocks of other static objects come back later.
  static Blocks& all() {
    static Blocks* const blocks = new Blocks;
    return *blocks;
  }

  static std::size_t rounded(std::size_t bytes, std::size_t unit) {
    return (bytes + unit - 1) / unit * unit;
  }

  /// From the system, in huge pages where it has some. nullptr where there is no room.
  static std::byte* map(std::size_t size) {
    void* const mapped =
        ::mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    auto* const begin = static_cast<std::byte*>(mapped);  // all but a whole huge page goes back
    const std::size_t front = (kHuge - reinterpret_cast<std::uintptr_t>(begin) % kHuge) % kHuge;
    if (front > 0) ::munmap(begin, front);
    ::munmap(begin + front + size, kHuge - front);
#ifdef MADV_HUGEPAGE
    ::madvise(begin + front, size, MADV_HUGEPAGE);
#endif
    return begin + front;
  }

  void forget(std::map<std::byte*, std::size_t>::iterator range) {
    by_size.erase({range->second, range->first});
    kept_bytes -= range->second;
    kept.erase(range);
  }

  /// Joins a range with those that it touches. Without memory to remember it by, it goes back to
  /// the system.
  void keep(std::byte* begin, std::size_t size) noexcept {
    if (size == 0) return;
    auto next = kept.lower_bound(begin);
    if (next != kept.begin()) {
      if (const auto before = std::prev(next); before->first + before->second == begin) {
        begin = before->first;
        size += before->second;
        forget(before);
      }
    }
    if (next != kept.end() && begin + size == next->first) {
      size += next->second;
      forget(next);
    }
    try {
      const auto range = kept.emplace(begin, size).first;
      try {
        by_size.emplace(size, begin);
        kept_bytes += size;
      } catch (const std::bad_alloc&) {
        kept.erase(range);
        throw;
      }
    } catch (const std::bad_alloc&) {
      ::munmap(begin, size);
    }
  }

  /// The smallest range that fits, of which what is not needed stays. nullptr where none does.
  std::byte* find(std::size_t size) {
    const auto found = by_size.lower_bound({size, nullptr});
    if (found == by_size.end()) return nullptr;
    const auto [whole, begin] = *found;
    forget(kept.find(begin));
    keep(begin + size, whole - size);
    return begin;
  }

  /// Returns ends of kept ranges to the system, of the largest first and huge pages at a time,
  /// until at most `bytes` are kept.
  void keep_at_most(std::size_t bytes) {
    while (kept_bytes > bytes) {
      const auto [size, begin] = *by_size.rbegin();
      const std::size_t cut = std::min(size, rounded(kept_bytes - bytes, kHuge));
      forget(kept.find(begin));
      ::munmap(begin + size - cut, cut);
      keep(begin, size - cut);
    }
  }
};

}  // namespace detail

ASYNDGAN_INLINE void* BlockCache::take(std::size_t bytes) {
  using detail::Blocks;
  Blocks& blocks = Blocks::all();
  if (bytes > SIZE_MAX / 2) throw std::bad_alloc();  // before anything is added to it
  const std::size_t size = Blocks::rounded(bytes, Blocks::kPage);
  const std::lock_guard lock(blocks.mutex);
  std::byte* block = blocks.find(size);
  if (block == nullptr) {
    const std::size_t mapped = Blocks::rounded(size, Blocks::kHuge);
    const std::size_t held = blocks.used_bytes + mapped;
    const std::size_t most = blocks.most_used + blocks.most_used / 32;
    blocks.keep_at_most(most > held ? most - held : 0);
    block = Blocks::map(mapped);
    if (block == nullptr) {  // what is kept may be what is missing
      blocks.keep_at_most(0);
      block = Blocks::map(mapped);
    }
    if (block == nullptr) throw std::bad_alloc();
    blocks.keep(block + size, mapped - size);
  }
  blocks.used_bytes += size;
  blocks.most_used = std::max(blocks.most_used, blocks.used_bytes);
  return block;
}

ASYNDGAN_INLINE void BlockCache::give(void* block, std::size_t bytes) noexcept {
  using detail::Blocks;
  Blocks& blocks = Blocks::all();
  const std::size_t size = Blocks::rounded(bytes, Blocks::kPage);
  const std::lock_guard lock(blocks.mutex);
  blocks.used_bytes -= size;
  blocks.keep(static_cast<std::byte*>(block), size);
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
