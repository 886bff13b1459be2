// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "simulation/simulator.hpp"

namespace asyndgan::test {

/// The seeds to simulate: 1 to `usual`, 10,000 in all tests; a hundredth where a sanitizer makes
/// each of them slow. ASYNDGAN_FATE=123 in the environment replays that one alone.
[[nodiscard]] inline std::vector<std::uint64_t> fates(std::uint64_t usual) {
  if (const char* one = std::getenv("ASYNDGAN_FATE")) return {std::strtoull(one, nullptr, 10)};
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  usual /= 100;
#endif
  std::vector<std::uint64_t> seeds(usual);
  std::iota(seeds.begin(), seeds.end(), 1);
  return seeds;
}

/// At least so many of what happens to some fates; of a single one nothing is expected.
[[nodiscard]] inline int expected_of(const std::vector<std::uint64_t>& seeds, double share) {
  return seeds.size() == 1 ? 0 : static_cast<int>(share * static_cast<double>(seeds.size()));
}

/// Six steps of two sites that all kinds of faults befall.
template <federation::Schedule Plan>
[[nodiscard]] typename Simulator<Plan>::Options disturbed(const Plan& schedule) {
  using namespace std::chrono_literals;
  typename Simulator<Plan>::Options options;
  options.federation.central.steps = 6;
  options.federation.central.patience = 1h;
  options.federation.central.grace = 1h;
  options.schedule = schedule;
  options.faults = {.cuts = 3, .stalls = 2, .site_crashes = 1, .centre_crashes = 1};
  return options;
}

}  // namespace asyndgan::test
