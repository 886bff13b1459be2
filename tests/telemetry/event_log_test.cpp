// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/event_log.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

/// A file of its own that goes with the test.
class Scratch {
 public:
  Scratch()
      : path_(std::filesystem::temp_directory_path() /
              ("asyndgan_events_" + std::to_string(::getpid()) + ".jsonl")) {}
  ~Scratch() { std::filesystem::remove(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Event step(const char* phase, int number) { return {{"phase", phase}, {"step", number}}; }

std::string all(const std::filesystem::path& path) {
  std::string text;
  for (const auto& event : read_events(path)) {
    text += event.at("phase").get<std::string>() + std::to_string(event.value("step", -1)) + " ";
  }
  return text;
}

TEST_CASE("Events are read back in order, one line each", "[telemetry]") {
  const Scratch file;
  CHECK(read_events(file.path()).empty());
  auto log = EventLog::create(file.path());
  log.append({{"phase", "load"}, {"note", "two\nlines"}});
  log.append(step("train", 1));
  CHECK(all(file.path()) == "load-1 train1 ");
  CHECK(read_events(file.path()).at(0).at("note") == "two\nlines");
}

TEST_CASE("A resumed run leaves each step once and other phases alone", "[telemetry]") {
  const Scratch file;
  {
    auto log = EventLog::create(file.path());
    log.append({{"phase", "load"}});
    for (int i = 1; i <= 5; ++i) log.append(step("train", i));
    log.append(step("segmenter", 4));
  }
  auto log = EventLog::resume(file.path(), "train", 3);
  for (int i = 4; i <= 6; ++i) log.append(step("train", i));
  CHECK(all(file.path()) == "load-1 train1 train2 train3 segmenter4 train4 train5 train6 ");
}

TEST_CASE("A line that a crash cut off is dropped", "[telemetry]") {
  const Scratch file;
  EventLog::create(file.path()).append(step("train", 1));
  std::ofstream(file.path(), std::ios::app) << R"({"phase": "train", "st)";
  CHECK(all(file.path()) == "train1 ");
  EventLog::resume(file.path(), "train", 1).append(step("train", 2));
  CHECK(all(file.path()) == "train1 train2 ");
}

TEST_CASE("A line that is no event is an error with its number", "[telemetry]") {
  const Scratch file;
  EventLog::create(file.path()).append(step("train", 1));
  std::ofstream(file.path(), std::ios::app) << "[1, 2]\n";
  CHECK_THROWS_WITH(read_events(file.path()), Catch::Contains("line 2"));
}

TEST_CASE("A log that cannot be gone on with is refused and stays", "[telemetry]") {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  for (const std::string& bad : {std::string(R"({"phase": 5, "step": 1})"),
                                 std::string(R"({"phase": "train", "step": "two"})"),
                                 std::string(R"({"phase": "train", "step": 1.5})"),
                                 R"({"phase": "train", "note": )" + deep + "}"}) {
    const Scratch file;
    EventLog::create(file.path()).append(step("train", 1));
    std::ofstream(file.path(), std::ios::app) << bad << '\n';
    CAPTURE(bad.substr(0, 60));
    const auto size = std::filesystem::file_size(file.path());
    CHECK_THROWS_AS(EventLog::resume(file.path(), "train", 1), DataError);
    CHECK(std::filesystem::file_size(file.path()) == size);
  }
}

TEST_CASE("A log in a folder that is not there is a WriteError", "[telemetry]") {
  CHECK_THROWS_AS(EventLog::create("/nonexistent/folder/events.jsonl"), WriteError);
}

TEST_CASE("An event that the disk does not take is a WriteError, and the next one goes in",
          "[telemetry]") {
  const Scratch file;
  auto log = EventLog::create(file.path());
  log.append(step("train", 1));
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit tight{.rlim_cur = 64, .rlim_max = before.rlim_max};
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);  // then write() fails with EFBIG
  REQUIRE(setrlimit(RLIMIT_FSIZE, &tight) == 0);
  std::string message;
  try {
    log.append({{"phase", "train"}, {"note", std::string(200, 'x')}});
  } catch (const WriteError& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  (void)std::signal(SIGXFSZ, old_handler);
  CHECK_THAT(message, Catch::Contains(file.path().string()));
  log.append(step("train", 3));
  CHECK(all(file.path()) == "train1 train3 ");
}

}  // namespace
}  // namespace asyndgan::telemetry
