// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "asyndgan/core/cpu.hpp"

namespace asyndgan::kernels::cpu {

/// What a piece of scratch memory holds. Two uses of one thread never share memory.
enum class ScratchUse { weights, source, sums, gradients, strip };

/// At least `count` uninitialised elements, aligned, of memory that this thread keeps between
/// calls: a kernel that runs thousands of times touches fresh pages once. The pointer is valid
/// until the thread asks again for the same use and type.
template <class T, ScratchUse kUse>
[[nodiscard]] T* scratch(std::size_t count) {
  struct Buffer {
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { release(); }

    void release() {
      if (data) Cpu::deallocate(data, size * sizeof(T));
      data = nullptr;
      size = 0;
    }
    void grow(std::size_t to) {
      release();
      data = static_cast<T*>(Cpu::allocate(to * sizeof(T)));
      size = to;
    }

    T* data = nullptr;
    std::size_t size = 0;
  };
  thread_local Buffer buffer;
  if (buffer.size < count) buffer.grow(count);
  return buffer.data;
}

}  // namespace asyndgan::kernels::cpu
