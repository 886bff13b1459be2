// SPDX-License-Identifier: Apache-2.0
//
// The built program, run as users run it, on tiny phantoms written as NIfTI.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "asyndgan/data/phantom.hpp"
#include "asyndgan/telemetry/event_log.hpp"
#include "run_program.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"
#include "synthesise.hpp"

namespace asyndgan::program {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

using test::contents;
using test::Ended;
using test::run;

/// Two sites of 8 and a test set of 6 phantom slices, 32 x 32, and a configuration for them.
fs::path prepare(const fs::path& folder) {
  const auto write = [&](const std::string& name, int count, std::uint32_t site) {
    auto slices = data::phantom({.count = count, .classes = 4, .seed = 3, .site = site});
    slices.channels = {"T1"};
    for (float& value : slices.images.values()) value = 500 * (value + 1);  // as a scanner's
    for (std::size_t i = 0; i < slices.size(); ++i) {
      slices.info[i] = {"p" + std::to_string(i / 4), static_cast<int>(i % 4)};
    }
    write_volumes(slices, data::Plane::axial, folder / name);
  };
  write("north", 8, 1);
  write("south", 8, 2);
  write("held-out", 6, 3);
  const nlohmann::json config = {
      {"data",
       {{"sites",
         {{{"name", "north"}, {"folder", "north"}}, {{"name", "south"}, {"folder", "south"}}}},
        {"test", {{"folder", "held-out"}}},
        {"classes", {"background", "body", "liver", "spleen"}},
        {"height", 32},
        {"width", 32}}},
      {"run", {{"output", "run"}}},
      {"generator", {{"base_channels", 2}, {"blocks", 1}}},
      {"discriminator", {{"base_channels", 2}, {"layers", 1}}},
      {"training", {{"steps", 4}, {"batch", 4}, {"checkpoint_every", 3}}},
      {"segmenter", {{"steps", 3}, {"batch", 2}, {"base_channels", 2}, {"levels", 2}}}};
  std::ofstream(folder / "run.json") << config.dump(1);
  return folder / "run.json";
}

TEST_CASE("Help names every verb, and every verb has an example", "[program]") {
  const test::Scratch scratch;
  const Ended help = run(scratch.path(), {"--help"});
  CHECK(help.code == 0);
  for (const std::string verb :
       {"simulate", "central", "site", "synthesize", "evaluate", "check", "report", "provision"}) {
    CHECK_THAT(help.out, Contains("\n  " + verb + " "));
    const Ended own = run(scratch.path(), {verb, "--help"});
    CHECK(own.code == 0);
    CHECK_THAT(own.out, Contains("Example:\n  asyndgan " + verb));
  }
}

TEST_CASE("Sites that keep their label maps, pooled sampling and statistics go through",
          "[program]") {
  const test::Scratch scratch;
  const std::string config = prepare(scratch.path()).string();
  auto atlas = data::phantom({.count = 5, .classes = 4, .seed = 8});
  for (std::size_t i = 0; i < atlas.size(); ++i) atlas.info[i] = {"atlas", static_cast<int>(i)};
  write_volumes(atlas, data::Plane::axial, scratch.path() / "atlas");
  const std::vector<std::string> arguments{
      "simulate",
      config,
      "--quiet",
      "--set",
      "privacy.label_maps=none",
      "--set",
      "data.public_label_maps=" + (scratch.path() / "atlas").string(),
      "--set",
      "training.sampling=pooled",
      "--set",
      "objective.feature_statistics=1",
      "--set",
      "segmenter.train_on=[\"synthetic\"]"};
  for (const std::string verb : {"simulate", "check"}) {  // who draws needs maps to draw for
    const Ended refused = run(scratch.path(), {verb, config, "--set", "privacy.label_maps=none"});
    CHECK(refused.code != 0);
    CHECK_THAT(refused.err, Contains("data.public_label_maps: missing"));
  }
  const Ended ended = run(scratch.path(), arguments);
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  for (const std::string site : {"north", "south"}) {
    const std::string ledger = contents(scratch.path() / "run" / "sites" / site / "ledger.jsonl");
    CHECK_THAT(ledger, Contains("\"site_statistics\"") && !Contains("\"label_maps\""));
  }
  std::set<std::string> drawn;
  for (const auto& entry : fs::directory_iterator(scratch.path() / "run" / "synthetic")) {
    drawn.insert(entry.path().filename().string());
  }
  CHECK(drawn == std::set<std::string>{"atlas_labels.nii.gz", "atlas_t1.nii.gz"});
}

TEST_CASE("A report puts runs together that differ in their seed alone", "[program]") {
  const test::Scratch scratch;
  const std::string config = prepare(scratch.path()).string();
  const auto out = [&](int seed) {
    return (scratch.path() / ("run-" + std::to_string(seed))).string();
  };
  for (const int seed : {1, 2, 3}) {
    REQUIRE(run(scratch.path(), {"simulate", config, "--quiet", "--out", out(seed), "--set",
                                 "run.seed=" + std::to_string(seed)})
                .code == 0);
  }
  REQUIRE(run(scratch.path(), {"report", out(1), "--with", out(2), out(3)}).code == 0);
  const auto dice_of = [&](int seed, const std::string& metric) {
    const auto report = nlohmann::json::parse(contents(out(seed) + "/report.json"));
    for (const auto& row : report.at("rows")) {
      if (row.at("case") == "synthetic" && row.at("metric") == metric) {
        return row.at("value").get<double>();
      }
    }
    FAIL("no row " << metric);
    return 0.0;
  };
  const double mean = (dice_of(1, "dice") + dice_of(2, "dice") + dice_of(3, "dice")) / 3;
  CHECK(dice_of(1, "dice, mean of 3 seeds") == Approx(mean).epsilon(1e-14));  // measured 2e-16
  CHECK_THAT(contents(out(1) + "/report.html"), Contains("Dice over 3 runs"));

  const Ended twice = run(scratch.path(), {"report", out(1), "--with", out(2), out(2)});
  CHECK(twice.code == 2);
  CHECK_THAT(twice.err, Contains("run.seed 2 is that of another run given"));
  REQUIRE(run(scratch.path(), {"simulate", config, "--quiet", "--out", out(4), "--set",
                               "run.seed=4", "--set", "training.steps=3"})
              .code == 0);
  const Ended other = run(scratch.path(), {"report", out(1), "--with", out(4)});
  CHECK(other.code == 2);
  CHECK_THAT(other.err, Contains("differs in more than its seed: training.steps: 3 there, 4 here"));
}

TEST_CASE("Wrong use ends with 2, a failure of the world with 1", "[program]") {
  const test::Scratch scratch;
  const std::string config = prepare(scratch.path()).string();
  CHECK(run(scratch.path(), {}).code == 2);
  CHECK(run(scratch.path(), {"simulate"}).code == 2);
  CHECK(run(scratch.path(), {"simulate", config, "--frsh"}).code == 2);
  const Ended typo = run(scratch.path(), {"check", config, "--set", "training.stps=5"});
  CHECK(typo.code == 2);
  CHECK_THAT(typo.err, Contains("did you mean training.steps?"));
  CHECK(run(scratch.path(), {"simulate", "/nonexistent.json"}).code == 1);
  fs::remove_all(scratch.path() / "south");
  const Ended gone = run(scratch.path(), {"simulate", config});
  CHECK(gone.code == 1);
  CHECK_THAT(gone.err, Contains("south"));
}

TEST_CASE("check tells what is there, and all that is wrong", "[program]") {
  const test::Scratch scratch;
  const std::string config = prepare(scratch.path()).string();
  const Ended fine = run(scratch.path(), {"check", config});
  CHECK(fine.code == 0);
  CHECK_THAT(fine.err,
             Contains("north: 8 images of 2 patients") && Contains("all in place") &&
                 Contains("gradients of about 16.4 kB (float32) leave each site per step"));
  const Ended shorter =
      run(scratch.path(), {"check", config, "--set", "training.gradient_encoding=int8"});
  CHECK_THAT(shorter.err, Contains("gradients of about 4.13 kB (int8) leave each site per step"));
  CHECK_THAT(fine.err, Contains("patches of 16 pixels") && !Contains("reach beyond"));
  const Ended wide = run(scratch.path(), {"check", config, "--set", "discriminator.layers=2"});
  CHECK(wide.code == 0);
  CHECK_THAT(wide.err, Contains("patches of 34 pixels reach beyond a slice of 32 x 32") &&
                           Contains("all in place"));
  const Ended narrow = run(scratch.path(), {"check", config, "--set", "discriminator.layers=2",
                                            "--set", "data.height=40", "--json"});
  CHECK_THAT(narrow.out, Contains("\"ok\": true") && Contains("a slice of 40 x 32"));
  fs::remove(scratch.path() / "north" / "p1_T1.nii.gz");
  std::ofstream(scratch.path() / "south" / "p0_labels.nii.gz") << "not an image";
  const Ended broken = run(scratch.path(), {"check", config, "--json"});
  CHECK(broken.code == 1);
  const auto result = nlohmann::json::parse(broken.out);
  CHECK(result.at("ok") == false);
  REQUIRE(result.at("problems").size() == 2);
  CHECK_THAT(result.at("problems")[0].get<std::string>(),
             Contains("case 'p1' has no image of channel 't1'"));
  CHECK_THAT(result.at("problems")[1].get<std::string>(), Contains("p0_labels.nii.gz"));
}

TEST_CASE("Under --json a verb that fails says on standard output what the problem is",
          "[program]") {
  const test::Scratch scratch;
  const std::string config = prepare(scratch.path()).string();
  const auto problem = [&](std::vector<std::string> arguments, int code) {
    arguments.emplace_back("--json");
    const Ended ended = run(scratch.path(), arguments);
    CHECK(ended.code == code);
    const auto result = nlohmann::json::parse(ended.out);
    CHECK(result.at("ok") == false);
    REQUIRE(result.at("problems").size() == 1);
    auto text = result.at("problems")[0].get<std::string>();
    CHECK(ended.err == "asyndgan: " + text + "\n");
    return text;
  };
  for (const std::string verb : {"check", "simulate"}) {
    CHECK_THAT(problem({verb, config, "--set", "training.stps=5"}, 2),
               Contains("did you mean training.steps?"));
    CHECK_THAT(problem({verb, "/nonexistent.json"}, 1), Contains("/nonexistent.json"));
    CHECK_THAT(problem({verb, config, "--set", "run.seed=\xff"}, 2), Contains("run.seed"));
  }
  CHECK_THAT(problem({"report", "/nonexistent"}, 1), Contains("/nonexistent"));
}

TEST_CASE("The configuration that --print-config prints gives itself", "[program]") {
  const test::Scratch scratch;
  const std::string config = prepare(scratch.path()).string();
  const Ended first =
      run(scratch.path(), {"simulate", config, "--print-config", "--set", "training.steps=9"});
  CHECK(first.code == 0);
  CHECK(nlohmann::json::parse(first.out).at("training").at("steps") == 9);
  std::ofstream(scratch.path() / "printed.json") << first.out;
  const Ended again = run(
      scratch.path(), {"simulate", (scratch.path() / "printed.json").string(), "--print-config"});
  CHECK(again.out == first.out);
}

TEST_CASE("A run goes from files to the report, quietly if asked, and its parts serve on",
          "[program]") {
  const test::Scratch scratch;
  const std::string config = prepare(scratch.path()).string();
  const std::string out = (scratch.path() / "run").string();
  const Ended done = run(scratch.path(), {"simulate", config, "--quiet", "--json"});
  REQUIRE(done.code == 0);
  CHECK(done.err.empty());
  std::set<std::string> sets;
  const auto rows = nlohmann::json::parse(done.out);
  for (const auto& row : rows.at("rows")) {
    if (row.at("metric") == "dice") sets.insert(row.at("case").get<std::string>());
  }
  CHECK(sets == std::set<std::string>{"synthetic", "pooled-real", "site-north", "site-south"});
  CHECK(contents(fs::path(out) / "report.json") == done.out);

  const std::string page = contents(fs::path(out) / "report.html");
  CHECK_THAT(page, Contains("site-north") && Contains("data:image/png;base64,"));
  CHECK(page.find(">real<") == std::string::npos);  // no row of real images
  CHECK_THAT(contents(fs::path(out) / "sites" / "north" / "report.html"), Contains(">real<"));

  // Once more: nothing is left to do, and nothing changes.
  CHECK(run(scratch.path(), {"simulate", config, "--quiet"}).code == 0);
  CHECK(contents(fs::path(out) / "report.html") == page);
  fs::remove(fs::path(out) / "report.html");
  CHECK(run(scratch.path(), {"report", out}).code == 0);
  CHECK(contents(fs::path(out) / "report.html") == page);

  const std::string drawn = (scratch.path() / "drawn").string();
  const Ended synthesized =
      run(scratch.path(), {"synthesize", out, "--maps", (scratch.path() / "held-out").string(),
                           "--out", drawn, "--copies", "2", "--json"});
  CHECK(synthesized.code == 0);
  CHECK(nlohmann::json::parse(synthesized.out).at("images") == 12);
  CHECK(fs::exists(fs::path(drawn) / "p0+1_t1.nii.gz"));

  const Ended evaluated =
      run(scratch.path(), {"evaluate", out, "--data", (scratch.path() / "held-out").string(),
                           "--segmenter", "pooled-real-0"});
  CHECK(evaluated.code == 0);
  CHECK_THAT(evaluated.out, Contains("spleen"));
  const Ended quiet =
      run(scratch.path(), {"evaluate", out, "--data", (scratch.path() / "held-out").string(),
                           "--segmenter", "pooled-real-0", "--quiet"});
  CHECK(quiet.code == 0);
  CHECK(quiet.out.empty());
  const Ended missing = run(
      scratch.path(),
      {"evaluate", out, "--data", (scratch.path() / "held-out").string(), "--segmenter", "none"});
  CHECK(missing.code == 1);
  CHECK_THAT(missing.err, Contains("there are") && Contains("pooled-real-0"));
}

TEST_CASE("A run tells how far every phase is, in lines where no terminal is", "[program]") {
  const test::Scratch scratch;
  const std::string config = prepare(scratch.path()).string();
  const Ended ended =
      run(scratch.path(), {"simulate", config, "--set", "segmenter.train_on=[\"synthetic\"]"});
  REQUIRE(ended.code == 0);
  CHECK(ended.out.empty());
  CHECK_THAT(ended.err, Contains("train: 4 steps\n") && Contains("train: 4 steps in 0:"));
  CHECK_THAT(ended.err, Contains("segmenter-synthetic-0: 3 steps\n") &&
                            Contains("segmenter-synthetic-0: 3 steps in 0:"));
  CHECK_THAT(ended.err, Contains("synthesise: 16 images in 0:"));
  CHECK_THAT(ended.err, Contains("mean Dice on the test set: synthetic"));
}

/// Both ways to stop, with sites that have a part in every step and with sites that sit some out.
void check_stopped_run(int signal, const std::string& sampling) {
  const test::Scratch scratch;
  const std::string config = prepare(scratch.path()).string();
  const auto simulate = [&](const fs::path& out, const std::string& steps) {
    return std::vector<std::string>{"simulate",
                                    config,
                                    "--out",
                                    out.string(),
                                    "--quiet",
                                    "--set",
                                    "training.steps=" + steps,
                                    "--set",
                                    "segmenter.train_on=[]",
                                    "--set",
                                    "training.batch=1",
                                    "--set",
                                    "training.checkpoint_every=2",
                                    "--set",
                                    "training.sampling=" + sampling};
  };
  const fs::path whole = scratch.path() / "whole";
  const fs::path parts = scratch.path() / "parts";
  REQUIRE(run(scratch.path(), simulate(whole, "60")).code == 0);

  const auto events = [&] { return contents(parts / "events.jsonl"); };
  const Ended stopped = run(scratch.path(), simulate(parts, "60"), [&](pid_t child) {
    for (int i = 0; i < 3000; ++i) {  // until it is well under way, 30 s at most
      const std::string text = events();
      if (std::count(text.begin(), text.end(), '\n') >= 10) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::kill(child, signal);
  });
  REQUIRE(stopped.code == (signal == SIGINT ? 130 : -signal));
  CHECK_FALSE(fs::exists(parts / "generator.safetensors"));
  const std::string before = events();
  REQUIRE(std::count(before.begin(), before.end(), '\n') < 60);

  REQUIRE(run(scratch.path(), simulate(parts, "60")).code == 0);
  CHECK(contents(parts / "generator.safetensors") == contents(whole / "generator.safetensors"));
  CHECK(telemetry::read_events(parts / "events.jsonl").size() == 60);
  // It went on: a run that started over would have timed its first step anew.
  CHECK(events().substr(0, events().find('\n')) == before.substr(0, before.find('\n')));

  const Ended other = run(scratch.path(), simulate(parts, "4"));
  CHECK(other.code == 2);
  CHECK_THAT(other.err, Contains("training.steps: 60 there, 4 here") && Contains("--fresh"));
}

TEST_CASE("A fresh start keeps the proof of what had left", "[program]") {
  const test::Scratch scratch;
  const std::string config = prepare(scratch.path()).string();
  std::vector<std::string> again{"simulate", config, "--quiet", "--set", "segmenter.train_on=[]"};
  REQUIRE(run(scratch.path(), again).code == 0);
  const fs::path site = scratch.path() / "run" / "sites" / "north";
  const std::string first = contents(site / "ledger.jsonl");
  again.emplace_back("--fresh");
  REQUIRE(run(scratch.path(), again).code == 0);
  REQUIRE(run(scratch.path(), again).code == 0);
  CHECK(contents(site / "ledger-1.jsonl") == first);
  CHECK(fs::exists(site / "ledger-2.jsonl"));
  const std::string last = contents(site / "ledger.jsonl");
  CHECK(std::count(last.begin(), last.end(), '\n') == std::count(first.begin(), first.end(), '\n'));
}

TEST_CASE("A run that Ctrl-C stopped goes on to the result of one that was not", "[program]") {
  check_stopped_run(SIGINT, "balanced");
  check_stopped_run(SIGINT, "pooled");
}

TEST_CASE("A run that was killed goes on from its last checkpoint", "[program]") {
  check_stopped_run(SIGKILL, "balanced");
  check_stopped_run(SIGKILL, "pooled");
}

}  // namespace
}  // namespace asyndgan::program
