// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <new>

#include "asyndgan/core/block_cache.hpp"
#include "asyndgan/core/device.hpp"

namespace asyndgan {

/// Host memory and the kernels of kernels/cpu.
struct Cpu {
  static constexpr std::size_t kAlignment = 64;  // one cache line, one AVX-512 vector

  [[nodiscard]] static void* allocate(std::size_t bytes) {
    if (BlockCache::serves(bytes)) return BlockCache::take(bytes);
    return ::operator new (bytes, std::align_val_t{kAlignment});
  }
  static void deallocate(void* memory, std::size_t bytes) noexcept {
    if (BlockCache::serves(bytes)) return BlockCache::give(memory, bytes);
    ::operator delete (memory, std::align_val_t{kAlignment});  // Clang 14 has no sized form
  }
  static void zero(void* to, std::size_t bytes) { std::memset(to, 0, bytes); }
  static void copy(void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  static void copy_from_host(void* to, const void* from, std::size_t bytes) {
    copy(to, from, bytes);
  }
  static void copy_to_host(void* to, const void* from, std::size_t bytes) { copy(to, from, bytes); }
};
static_assert(Device<Cpu>);

}  // namespace asyndgan
