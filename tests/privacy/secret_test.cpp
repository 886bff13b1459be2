// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/privacy/secret.hpp"

#include <bit>
#include <cstdint>
#include <set>

#include "support/catch.hpp"

namespace asyndgan::privacy {
namespace {

// 64 draws of 64 bits: 2048 ones are expected, the standard deviation is 32; a fair source is
// outside of eight of them once in 10^15 runs.
TEST_CASE("Secrets differ, and all of their bits do", "[privacy]") {
  std::set<std::uint64_t> seen;
  std::uint64_t ever_one = 0;
  std::uint64_t ever_zero = 0;
  int ones = 0;
  for (int i = 0; i < 64; ++i) {
    const std::uint64_t secret = draw_secret();
    seen.insert(secret);
    ever_one |= secret;
    ever_zero |= ~secret;
    ones += std::popcount(secret);
  }
  CHECK(seen.size() == 64);
  CHECK(ever_one == ~std::uint64_t{0});
  CHECK(ever_zero == ~std::uint64_t{0});
  CHECK(ones > 2048 - 8 * 32);
  CHECK(ones < 2048 + 8 * 32);
}

}  // namespace
}  // namespace asyndgan::privacy
