// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/block_cache.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

#include "support/catch.hpp"

namespace asyndgan {
namespace {

constexpr std::size_t kMega = std::size_t{1} << 20;

TEST_CASE("A block that was given back is the next one of its size", "[core]") {
  BlockCache::clear();
  void* const first = BlockCache::take(3 * kMega);
  std::memset(first, 1, 3 * kMega);
  const std::size_t before = BlockCache::kept();  // of the huge page that it ends in
  BlockCache::give(first, 3 * kMega);
  CHECK(BlockCache::kept() == before + 3 * kMega);
  void* const second = BlockCache::take(3 * kMega - 10);  // rounds up to it
  CHECK(second == first);
  CHECK(BlockCache::kept() == before);
  BlockCache::give(second, 3 * kMega - 10);
  BlockCache::clear();
  CHECK(BlockCache::kept() == 0);
}

TEST_CASE("Blocks side by side become one, of which smaller ones are cut", "[core]") {
  BlockCache::clear();
  void* const whole = BlockCache::take(16 * kMega);
  BlockCache::give(whole, 16 * kMega);
  auto* const a = static_cast<char*>(BlockCache::take(4 * kMega));
  auto* const b = static_cast<char*>(BlockCache::take(4 * kMega));
  auto* const c = static_cast<char*>(BlockCache::take(8 * kMega));
  CHECK(a == whole);
  CHECK(b == a + 4 * kMega);
  CHECK(c == b + 4 * kMega);
  CHECK(BlockCache::kept() == 0);
  std::memset(b, 2, 4 * kMega);
  BlockCache::give(a, 4 * kMega);
  BlockCache::give(c, 8 * kMega);
  CHECK(BlockCache::take(8 * kMega) == c);  // the smallest that fits
  BlockCache::give(c, 8 * kMega);
  CHECK(std::count(b, b + 4 * kMega, 2) == 4 * kMega);
  BlockCache::give(b, 4 * kMega);  // between the two others
  CHECK(BlockCache::take(16 * kMega) == whole);
  BlockCache::give(whole, 16 * kMega);
  BlockCache::clear();
  CHECK(BlockCache::kept() == 0);
}

TEST_CASE("Blocks are aligned, and whole", "[core]") {
  for (const std::size_t bytes :
       {BlockCache::kSmallest, 100'001UL, kMega + 1, 2 * kMega, 5 * kMega + 4097, 40 * kMega}) {
    void* const block = BlockCache::take(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % BlockCache::kSmallest == 0);
    std::memset(block, 7, bytes);
    BlockCache::give(block, bytes);
  }
  BlockCache::clear();
}

TEST_CASE("Where there is no room, what was kept is given up before it is said", "[core]") {
  BlockCache::clear();
  BlockCache::give(BlockCache::take(8 * kMega), 8 * kMega);
  CHECK_THROWS_AS((void)BlockCache::take(std::size_t{1} << 60), std::bad_alloc);
  CHECK(BlockCache::kept() == 0);
  void* const block = BlockCache::take(8 * kMega);  // and all goes on
  std::memset(block, 1, 8 * kMega);
  BlockCache::give(block, 8 * kMega);
  BlockCache::clear();
}

TEST_CASE("Little more is held than was in use at one time", "[core]") {
  BlockCache::clear();
  void* const a = BlockCache::take(64 * kMega);
  void* const b = BlockCache::take(64 * kMega);
  BlockCache::give(a, 64 * kMega);
  BlockCache::give(b, 64 * kMega);
  const std::size_t most = BlockCache::kept();
  void* const c = BlockCache::take(96 * kMega);  // fits neither; where they touch, both
  CHECK(BlockCache::kept() + 96 * kMega <= most + most / 32);
  BlockCache::give(c, 96 * kMega);
  BlockCache::clear();
}

}  // namespace
}  // namespace asyndgan
