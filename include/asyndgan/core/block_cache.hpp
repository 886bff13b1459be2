// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)  // GCC's
#define ASYNDGAN_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#define ASYNDGAN_ADDRESS_SANITIZER __has_feature(address_sanitizer)
#else
#define ASYNDGAN_ADDRESS_SANITIZER 0
#endif

namespace asyndgan {

/// Large blocks of host memory, kept for their next user: a training step asks for the same ones
/// again and again, and fresh pages from the system cost more than many a kernel. Neighbours that
/// nobody uses become one block, of which smaller ones are cut.
///
/// What is held, in use and kept, exceeds the most that was in use at one time by a 32nd, for what
/// does not fit together, or by what is left of a huge page.
///
/// Threads  any.
struct BlockCache {
  /// Smaller blocks are left to operator new, which reuses them as well; and all of them where the
  /// address sanitizer looks for uses past an end.
  [[nodiscard]] static constexpr bool serves(std::size_t bytes) {
    return bytes >= kSmallest && !ASYNDGAN_ADDRESS_SANITIZER;
  }
  static constexpr std::size_t kSmallest = std::size_t{1} << 16;

  /// Uninitialised memory, aligned to 64 KiB. Throws std::bad_alloc.
  [[nodiscard]] static void* take(std::size_t bytes);
  /// `bytes` as it was asked for.
  static void give(void* block, std::size_t bytes) noexcept;
  /// Returns to the system all that is not in use.
  static void clear() noexcept;
  /// Bytes held for later.
  [[nodiscard]] static std::size_t kept() noexcept;
};

}  // namespace asyndgan

#ifndef ASYNDGAN_COMPILED  // else in src/compiled/block_cache.cpp
#include "asyndgan/core/impl/block_cache.hpp"
#endif
