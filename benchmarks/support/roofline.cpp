// SPDX-License-Identifier: Apache-2.0
// The probe is compiled for the instruction sets that the kernels have, and chosen as they are.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "support/roofline.cpp"
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace asyndgan::benchmark::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kRounds = 200'000;
constexpr std::size_t kChains = 10;  // of multiply-adds that do not wait for each other

/// Does `operations`, and returns something of them that the compiler cannot know.
inline float multiply_add(float start, double& operations) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.5F);
  const auto term = hn::Set(d, start);
  // Of different values: of equal ones a compiler makes one chain.
  auto a = hn::Iota(d, 0.0F), b = hn::Iota(d, 1.0F), c = hn::Iota(d, 2.0F), e = hn::Iota(d, 3.0F);
  auto f = hn::Iota(d, 4.0F), g = hn::Iota(d, 5.0F), h = hn::Iota(d, 6.0F), i = hn::Iota(d, 7.0F);
  auto j = hn::Iota(d, 8.0F), k = hn::Iota(d, 9.0F);
  for (std::size_t round = 0; round < kRounds; ++round) {
    a = hn::MulAdd(a, factor, term);
    b = hn::MulAdd(b, factor, term);
    c = hn::MulAdd(c, factor, term);
    e = hn::MulAdd(e, factor, term);
    f = hn::MulAdd(f, factor, term);
    g = hn::MulAdd(g, factor, term);
    h = hn::MulAdd(h, factor, term);
    i = hn::MulAdd(i, factor, term);
    j = hn::MulAdd(j, factor, term);
    k = hn::MulAdd(k, factor, term);
  }
  operations = 2.0 * kRounds * kChains * static_cast<double>(hn::Lanes(d));
  const auto all = hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)),
                           hn::Add(hn::Add(f, g), hn::Add(hn::Add(h, i), hn::Add(j, k))));
  return hn::GetLane(all);
}

}  // namespace asyndgan::benchmark::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "asyndgan/core/parallel.hpp"
#include "support/roofline.hpp"

namespace asyndgan::benchmark {

HWY_EXPORT(multiply_add);

namespace {
std::string row_name() { return "roofline threads " + std::to_string(thread_count()); }
}  // namespace

double probe_operations(const Arguments& arguments, double seconds, telemetry::Rows& rows) {
  const auto threads = static_cast<std::size_t>(thread_count());
  std::vector<float> results(threads);
  double operations = 0;
  const Timing products = measure(arguments, seconds, [&] {
    parallel_for(threads, [&](std::size_t thread) {
      double of_thread = 0;
      results[thread] = HWY_DYNAMIC_DISPATCH(multiply_add)(results[thread], of_thread);
      if (thread == 0) operations = of_thread;
    });
  });
  const double rate = operations * static_cast<double>(threads) / products.minimum;
  std::printf("%.1f GFLOP/s in registers\n", rate * 1e-9);
  rows.rows.push_back({row_name(), "operations", rate, "1/s"});
  return rate;
}

Roofline measure_roofline(const Arguments& arguments, double seconds, telemetry::Rows& rows) {
  const double operations = probe_operations(arguments, seconds / 2, rows);
  const std::size_t size = std::size_t{1} << 28;
  const std::vector<char> from(size, 'x');
  std::vector<char> to(size);
  const auto threads = static_cast<std::size_t>(thread_count());
  const Timing copies = measure(arguments, seconds / 2, [&] {
    parallel_blocks(size, size / threads + 1, [&](std::size_t begin, std::size_t end) {
      std::memcpy(&to[begin], &from[begin], end - begin);
    });
  });
  const double bytes = 2.0 * static_cast<double>(size) / copies.minimum;
  std::printf("%.1f GB/s of memory\n", bytes * 1e-9);
  rows.rows.push_back({row_name(), "memory", bytes, "bytes/s"});
  return {operations, bytes};
}

}  // namespace asyndgan::benchmark
#endif
