// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/parallel.hpp"

#include <numeric>
#include <stdexcept>
#include <thread>

#include "support/catch.hpp"

namespace asyndgan {
namespace {

TEST_CASE("parallel_for runs every item once, for any number of threads", "[core]") {
  for (const int threads : {1, 2, 3, 8}) {
    set_thread_count(threads);
    std::vector<int> calls(1001, 0);
    parallel_for(calls.size(), [&](std::size_t i) { ++calls[i]; });
    CHECK(calls == std::vector<int>(1001, 1));
  }
  set_thread_count(2);
}

TEST_CASE("parallel_for may be called from several threads and from inside an item", "[core]") {
  set_thread_count(3);
  std::vector<std::vector<int>> sums(4, std::vector<int>(50, 0));
  std::vector<std::thread> callers;
  callers.reserve(sums.size());
  for (auto& sum : sums) {
    callers.emplace_back([&sum] {
      parallel_for(sum.size(), [&](std::size_t i) {
        std::vector<int> inner(10, 0);
        parallel_for(inner.size(), [&](std::size_t k) { inner[k] = static_cast<int>(k); });
        sum[i] = std::accumulate(inner.begin(), inner.end(), 0);
      });
    });
  }
  for (auto& caller : callers) caller.join();
  for (const auto& sum : sums) CHECK(sum == std::vector<int>(50, 45));
  set_thread_count(2);
}

TEST_CASE("parallel_for passes the exception of an item on", "[core]") {
  set_thread_count(2);
  CHECK_THROWS_AS(parallel_for(100,
                               [](std::size_t i) {
                                 if (i == 57) throw std::runtime_error("item 57");
                               }),
                  std::runtime_error);
}

TEST_CASE("parallel_blocks covers the range without overlap", "[core]") {
  std::vector<int> calls(103, 0);
  parallel_blocks(calls.size(), 10, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) ++calls[i];
  });
  CHECK(calls == std::vector<int>(103, 1));
}

}  // namespace
}  // namespace asyndgan
