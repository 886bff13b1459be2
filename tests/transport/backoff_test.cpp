// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/backoff.hpp"

#include <vector>

#include "support/catch.hpp"

namespace asyndgan::transport {
namespace {

using namespace std::chrono_literals;

TEST_CASE("Backoff doubles up to its cap, less a random part", "[transport]") {
  Backoff backoff({.base = 100ms, .cap = 1s, .seed = 1});
  for (const auto bound : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    const auto delay = backoff.next();
    CHECK(delay >= bound / 2);
    CHECK(delay <= bound);
  }
  backoff.reset();
  CHECK(backoff.next() <= 100ms);
}

TEST_CASE("Backoff follows from its seed, and differs between sites", "[transport]") {
  const auto delays = [](std::uint64_t seed) {
    Backoff backoff({.seed = seed});
    std::vector<std::chrono::milliseconds> all;
    all.reserve(10);
    while (all.size() < 10) all.push_back(backoff.next());
    return all;
  };
  CHECK(delays(1) == delays(1));
  CHECK(delays(1) != delays(2));
}

TEST_CASE("Backoff refuses options that make no sense", "[transport]") {
  CHECK_THROWS_AS(Backoff({.base = 0ms}), ContractViolation);
  CHECK_THROWS_AS(Backoff({.base = 2s, .cap = 1s}), ContractViolation);
  CHECK_THROWS_AS(Backoff({.cap = 21s}), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::transport
