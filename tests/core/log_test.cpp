// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/log.hpp"

#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace asyndgan {
namespace {

/// Gives the default sink back at the end of the test.
struct OwnSink {
  explicit OwnSink(LogSink sink) : before(detail::log_state().sink) {
    set_log_sink(std::move(sink));
  }
  OwnSink(const OwnSink&) = delete;
  OwnSink& operator=(const OwnSink&) = delete;
  ~OwnSink() { set_log_sink(before); }
  LogSink before;
};

TEST_CASE("Every line goes to the sink with its level", "[core]") {
  std::vector<std::pair<LogLevel, std::string>> lines;
  const OwnSink own(
      [&](LogLevel level, std::string_view line) { lines.emplace_back(level, line); });
  log(LogLevel::debug, "first");
  log(LogLevel::error, "second");
  CHECK(lines == std::vector<std::pair<LogLevel, std::string>>{{LogLevel::debug, "first"},
                                                               {LogLevel::error, "second"}});
}

TEST_CASE("Without a sink of one's own, warnings and errors go to standard error", "[core]") {
  std::ostringstream text;
  std::streambuf* const before = std::cerr.rdbuf(text.rdbuf());
  log(LogLevel::info, "not this");
  log(LogLevel::warning, "disk nearly full");
  std::cerr.rdbuf(before);
  CHECK(text.str() == "asyndgan: disk nearly full\n");
}

TEST_CASE("An empty sink is silence", "[core]") {
  std::ostringstream text;
  std::streambuf* const before = std::cerr.rdbuf(text.rdbuf());
  {
    const OwnSink own(nullptr);
    log(LogLevel::error, "nobody listens");
  }
  std::cerr.rdbuf(before);
  CHECK(text.str().empty());
}

TEST_CASE("Lines of several threads come one at a time", "[core]") {
  int inside = 0;
  int overlaps = 0;
  std::size_t lines = 0;
  const OwnSink own([&](LogLevel, std::string_view) {
    if (++inside != 1) ++overlaps;
    std::this_thread::yield();
    --inside;
    ++lines;
  });
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 200; ++i) log(LogLevel::info, "line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(overlaps == 0);
  CHECK(lines == 800);
}

}  // namespace
}  // namespace asyndgan
