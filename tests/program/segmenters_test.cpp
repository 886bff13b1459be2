// SPDX-License-Identifier: Apache-2.0
//
// The segmenters at the end of a run of the built program.

#include "segmenters.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "run_program.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"
#include "tiny_run.hpp"

namespace asyndgan::program {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using test::contents;
using test::Ended;
using test::run;

/// Two sites and a test set, with a segmenter on synthetic and one on pooled images.
fs::path write_with_test_set(const fs::path& folder) {
  (void)test::write_sites(folder, {"held-out"});
  auto config = test::write_two_sites(folder);
  config["data"]["test"] = {{"folder", "held-out"}};
  config["segmenter"]["train_on"] = {"synthetic", "pooled_real"};
  return test::write_config(folder, config);
}

std::vector<std::string> simulation(const fs::path& config, const fs::path& out,
                                    const std::vector<std::string>& sets) {
  std::vector<std::string> arguments{"simulate", config.string(), "--out", out.string()};
  for (const auto& set : sets) arguments.insert(arguments.end(), {"--set", set});
  return arguments;
}

/// "synthetic dice 0.5": rows of the report whose metric begins with `metric`.
std::vector<std::string> rows_of(const fs::path& out, const std::string& metric) {
  std::vector<std::string> rows;
  const auto report = nlohmann::json::parse(contents(out / "report.json"));
  for (const auto& row : report.at("rows")) {
    const auto name = row.at("metric").get<std::string>();
    if (!name.starts_with(metric)) continue;
    rows.push_back(row.at("case").get<std::string>() + " " + name + " " + row.at("value").dump());
  }
  return rows;
}

void check_same_segmenters(const fs::path& a, const fs::path& b) {
  CHECK(rows_of(a, "dice body").size() == 2);
  CHECK(rows_of(b, "dice") == rows_of(a, "dice"));
  for (const std::string name : {"synthetic-0.safetensors", "pooled-real-0.safetensors"}) {
    CHECK(contents(b / "segmenters" / name) == contents(a / "segmenters" / name));
  }
}

TEST_CASE("Ctrl-C while segmenters train leaves a report that says so, and changes no score",
          "[program]") {
  const test::Scratch scratch;
  const fs::path config = write_with_test_set(scratch.path());
  const fs::path whole = scratch.path() / "whole";
  const fs::path parts = scratch.path() / "parts";
  const auto simulate = [&](const fs::path& out) {
    return simulation(config, out, {"segmenter.steps=1500"});
  };
  REQUIRE(run(scratch.path(), simulate(whole)).code == 0);

  const Ended stopped = run(scratch.path(), simulate(parts), [&](pid_t child) {
    for (int i = 0; i < 30000; ++i) {  // until the second segmenter is under way, minutes at most
      const std::string events = contents(parts / "events.jsonl");
      if (events.find("segmenter-pooled-real-0") != std::string::npos) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::kill(child, SIGINT);
  });
  REQUIRE(stopped.code == 130);
  CHECK_THAT(stopped.err, Contains("stopped in segmenter-pooled-real-0; everything is saved"));
  CHECK(fs::exists(parts / "segmenters" / "synthetic-0.safetensors"));
  REQUIRE_FALSE(fs::exists(parts / "segmenters" / "pooled-real-0.safetensors"));
  CHECK_THAT(contents(parts / "report.html"),
             Contains("Not finished") && Contains("before the segmenters"));
  CHECK(rows_of(parts, "finished") == std::vector<std::string>{"run finished 0.0"});
  CHECK(rows_of(parts, "dice").empty());

  const fs::path checkpoint = parts / "checkpoints" / "segmenter-pooled-real-0.safetensors";
  const std::string saved = contents(checkpoint);
  std::string spoilt = saved;
  const std::string before = "\"seconds\":\"";
  spoilt.at(spoilt.find(before) + before.size()) = 'x';
  std::ofstream(checkpoint, std::ios::binary) << spoilt;
  const Ended refused = run(scratch.path(), simulate(parts));
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("segmenter-pooled-real-0.safetensors: \"seconds\" is 'x") &&
                              Contains("expected a number of seconds"));
  std::ofstream(checkpoint, std::ios::binary) << saved;

  const Ended ended = run(scratch.path(), simulate(parts));
  REQUIRE(ended.code == 0);
  CHECK_THAT(ended.err, Contains("segmenter-pooled-real-0: goes on after ") &&
                            !Contains("segmenter-synthetic-0:"));
  check_same_segmenters(whole, parts);
  CHECK_THAT(contents(parts / "report.html"), !Contains("Not finished"));
  CHECK(rows_of(parts, "finished") == std::vector<std::string>{"run finished 1.0"});
}

TEST_CASE("The number of threads changes neither the generator nor the scores", "[program]") {
  const test::Scratch scratch;
  const fs::path config = write_with_test_set(scratch.path());
  const fs::path one = scratch.path() / "one";
  const fs::path three = scratch.path() / "three";
  for (const auto& [out, threads] : {std::pair{one, "1"}, std::pair{three, "3"}}) {
    const auto arguments =
        simulation(config, out, {"segmenter.steps=20", std::string("run.threads=") + threads});
    REQUIRE(run(scratch.path(), arguments).code == 0);
  }
  CHECK(contents(three / "generator.safetensors") == contents(one / "generator.safetensors"));
  check_same_segmenters(one, three);
}

}  // namespace
}  // namespace asyndgan::program
