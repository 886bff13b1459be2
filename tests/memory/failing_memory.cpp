// SPDX-License-Identifier: Apache-2.0
//
// Not seen where it is called: a compiler that puts these functions in their callers' places finds
// that new and free() do not go together.
#include "memory/failing_memory.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

void* counted_memory(std::size_t bytes, std::size_t alignment) {
  asyndgan::test::FailingMemory::count(bytes);
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) {
  return counted_memory(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted_memory(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
