// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/in_process_group.hpp"

#include <future>
#include <string>
#include <vector>

#include "conformance/group.hpp"
#include "support/catch.hpp"

namespace asyndgan::transport {
namespace {

TEST_CASE("A group of threads keeps what a group promises", "[transport]") {
  for (const int size : {1, 2, 3, 5}) {
    const auto ranks = InProcessGroup::make(size);
    std::vector<std::future<std::vector<std::string>>> threads;
    threads.reserve(ranks.size());
    for (const auto& rank : ranks) {
      threads.push_back(
          std::async(std::launch::async, [&rank] { return test::broken_promises(*rank); }));
    }
    for (auto& thread : threads) CHECK(thread.get().empty());
  }
}

TEST_CASE("Alone is a group of one", "[transport]") {
  Alone alone;
  CHECK(test::broken_promises(alone).empty());
}

TEST_CASE("A rank that is destroyed has left", "[transport]") {
  auto ranks = InProcessGroup::make(2);
  auto waiting = std::async(std::launch::async, [&] { (void)ranks[0]->gather({}); });
  ranks[1].reset();
  CHECK_THROWS_WITH(waiting.get(), "the process of rank 1 has left: it has ended");
}

TEST_CASE("Sums of different lengths, and a group of nobody, are refused", "[transport]") {
  const auto ranks = InProcessGroup::make(2);
  const auto sum = [&](std::size_t rank) {
    std::vector<double> values(rank + 1);
    ranks[rank]->sum(values);
  };
  auto other = std::async(std::launch::async, sum, 1);
  CHECK_THROWS_AS(sum(0), ContractViolation);
  CHECK_THROWS_AS(other.get(), ContractViolation);
  CHECK_THROWS_AS(InProcessGroup::make(0), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::transport
