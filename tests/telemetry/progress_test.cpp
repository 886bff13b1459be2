// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/progress.hpp"

#include <sstream>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

/// A progress display on a stream, with a clock that the test turns.
struct Stage {
  explicit Stage(ProgressStyle style, std::size_t columns = 200)
      : progress(out, {.style = style, .columns = columns, .now = [this] { return time; }}) {}

  /// What was written since the last call.
  std::string written() {
    std::string text = out.str();
    out.str("");
    return text;
  }

  std::ostringstream out;
  double time = 100;
  Progress progress;
};

TEST_CASE("A live line shows phase, share, rate, time left and figures", "[telemetry]") {
  Stage stage(ProgressStyle::live);
  stage.progress.begin("train", 1500);
  CHECK(stage.written() == "\rtrain  [------------------------]  0/1500  0%\x1b[K");
  stage.time += 20;
  stage.progress.update(50, {{"d", 0.2125}, {"g", 0.71}});
  CHECK(stage.written() ==
        "\rtrain  [------------------------]  50/1500  3%  2.5 steps/s  9:40 left  d 0.212  g "
        "0.71\x1b[K");
  stage.time += 0.01;
  stage.progress.update(51);
  CHECK(stage.written().empty());  // too soon for the eye
  stage.time += 10;
  stage.progress.update(750);
  CHECK_THAT(stage.written(), Catch::Contains("[############------------]  750/1500  50%"));
  stage.progress.end();
  CHECK(stage.written() == "\r\x1b[Ktrain: 750 steps in 0:30\n");
}

TEST_CASE("A live line never wraps", "[telemetry]") {
  Stage stage(ProgressStyle::live, 20);
  stage.progress.begin("train", 1500);
  CHECK(stage.written() == "\rtrain  [-----------\x1b[K");  // 19 columns
}

TEST_CASE("A pipe gets whole lines, now and then, without control characters", "[telemetry]") {
  Stage stage(ProgressStyle::lines);
  stage.progress.begin("train", 100);
  for (int i = 1; i <= 100; ++i) {
    stage.time += 1;
    stage.progress.update(i, {{"d", 0.5}});
  }
  stage.progress.end();
  const std::string text = stage.written();
  CHECK(std::count(text.begin(), text.end(), '\n') == 8);  // start, 6 times 15 s, end
  CHECK(text.find('\r') == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK_THAT(text, Catch::StartsWith("train: 100 steps\n") &&
                       Catch::Contains("train: 15/100  15%  1 steps/s  1:25 left  d 0.5\n") &&
                       Catch::EndsWith("train: 100 steps in 1:40  d 0.5\n"));
}

TEST_CASE("The rate of a resumed run counts its own steps only", "[telemetry]") {
  Stage stage(ProgressStyle::lines);
  stage.progress.begin("train", 1500, 1000);
  CHECK(stage.written() == "train: goes on after 1000 of 1500 steps\n");
  stage.time += 20;
  stage.progress.update(1020);
  CHECK(stage.written() == "train: 1020/1500  68%  1 steps/s  8:00 left\n");
}

TEST_CASE("The time left follows the last half minute, not the whole run", "[telemetry]") {
  Stage stage(ProgressStyle::lines);
  stage.progress.begin("train", 1000);
  for (std::int64_t i = 1; i <= 40; ++i) {  // ten steps a second
    stage.time += 1;
    stage.progress.update(10 * i);
  }
  for (int i = 1; i <= 60; ++i) {  // then one
    stage.time += 1;
    stage.progress.update(400 + i);
  }
  stage.written();
  stage.time += 15;
  stage.progress.update(475);
  CHECK_THAT(stage.written(), Catch::Contains("1 steps/s  8:45 left"));
}

TEST_CASE("Quiet prints nothing at all", "[telemetry]") {
  Stage stage(ProgressStyle::quiet);
  stage.progress.begin("train", 2);
  stage.time += 60;
  stage.progress.update(2, {{"d", 1}});
  stage.progress.end();
  CHECK(stage.written().empty());
}

TEST_CASE("clear() makes room for other output and the line comes back", "[telemetry]") {
  Stage stage(ProgressStyle::live);
  stage.progress.begin("train", 10);
  stage.written();
  stage.progress.clear();
  CHECK(stage.written() == "\r\x1b[K");
  stage.progress.clear();
  CHECK(stage.written().empty());
  stage.time += 1;
  stage.progress.update(3);
  CHECK_THAT(stage.written(), Catch::StartsWith("\rtrain"));
}

}  // namespace
}  // namespace asyndgan::telemetry
