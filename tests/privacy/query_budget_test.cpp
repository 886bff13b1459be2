// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/privacy/query_budget.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace asyndgan::privacy {
namespace {

/// Collects what is logged while it lives.
class LogLines {
 public:
  LogLines() {
    set_log_sink([this](LogLevel level, std::string_view line) {
      if (level == LogLevel::warning) lines.emplace_back(line);
    });
  }
  ~LogLines() { set_log_sink({}); }
  std::vector<std::string> lines;
};

TEST_CASE("A sample answers as often as the policy allows", "[privacy]") {
  const LogLines log;
  QueryBudget budget(3, {.queries_per_sample = 2});
  budget.spend(1);
  budget.spend(1);
  CHECK_FALSE(budget.may_ask(1));
  CHECK(budget.may_ask(0));
  CHECK_THROWS_AS(budget.spend(1), PolicyError);
  CHECK(budget.refusals() == 1);
  CHECK(budget.spent(1) == 2);
  CHECK(budget.spent() == 2);
  CHECK(log.lines ==
        std::vector<std::string>{"query refused: a real sample has answered 2 fakes, the policy's "
                                 "\"queries_per_sample\""});
}

TEST_CASE("A site answers as often as the policy allows", "[privacy]") {
  const LogLines log;
  QueryBudget budget(100, {.queries_per_site = 3});
  for (std::size_t sample = 0; sample < 3; ++sample) budget.spend(sample);
  CHECK_FALSE(budget.may_ask(50));
  CHECK_THROWS_WITH(budget.spend(50),
                    "the site has answered 3 fakes, the policy's \"queries_per_site\"");
}

TEST_CASE("A batch spends all or nothing", "[privacy]") {
  const LogLines log;
  QueryBudget budget(4, {.queries_per_sample = 2});
  budget.spend(std::array<std::size_t, 3>{0, 1, 1});
  CHECK_THROWS_AS(budget.spend(std::array<std::size_t, 3>{0, 2, 1}), PolicyError);
  CHECK(budget.spent(0) == 1);
  CHECK(budget.spent(1) == 2);
  CHECK(budget.spent(2) == 0);
  CHECK(budget.spent() == 3);
  // One sample twice in a batch counts twice.
  CHECK_THROWS_AS(budget.spend(std::array<std::size_t, 2>{0, 0}), PolicyError);
  budget.spend(std::array<std::size_t, 2>{3, 3});
  CHECK_FALSE(budget.may_ask(3));
}

TEST_CASE("Without limits nothing is refused, and all is counted", "[privacy]") {
  QueryBudget budget(1, {});
  for (int i = 0; i < 1000; ++i) budget.spend(0);
  CHECK(budget.may_ask(0));
  CHECK(budget.spent(0) == 1000);
}

TEST_CASE("A resumed budget goes on where it was", "[privacy]") {
  const LogLines log;
  QueryBudget before(2, {.queries_per_sample = 2, .queries_per_site = 3});
  before.spend(std::array<std::size_t, 3>{0, 0, 1});
  State<float> saved;
  before.collect("queries", saved);
  REQUIRE(saved.counters.front().list == 2);

  QueryBudget after(2, {.queries_per_sample = 2, .queries_per_site = 3});
  State<float> restored;
  after.collect("queries", restored);
  for (std::size_t i = 0; i < saved.counters.size(); ++i) {
    const auto& from = saved.counters[i];
    CHECK(restored.counters[i].name == from.name);
    std::copy_n(from.count, std::max<std::size_t>(from.list, 1), restored.counters[i].count);
  }
  CHECK(after.spent() == 3);
  CHECK_THROWS_AS(after.spend(1), PolicyError);
}

}  // namespace
}  // namespace asyndgan::privacy
