// SPDX-License-Identifier: Apache-2.0
#include "page.hpp"

#include "asyndgan/telemetry/event_log.hpp"
#include "results.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"

namespace asyndgan::program {
namespace {

using Catch::Contains;

RunConfig small_config(const std::filesystem::path& output) {
  RunConfig config;
  config.run.output = output;
  config.data.sites = {{.name = "north", .folder = "/n"}, {.name = "south", .folder = "/s"}};
  config.data.test.folder = "/t";
  config.data.classes = {"background", "body", "lesion"};
  return config;
}

Evaluated evaluated(const std::string& set, double dice) {
  const std::map<std::string, Score> scores = {{"dice", {4, dice, dice - 0.1, dice + 0.1}},
                                               {"hd95", {4, 3.5, 3, 4}}};
  return {set, 20, 12.5, scores, {scores, {}}};
}

Trained trained() {
  Trained result;
  result.steps = 10;
  result.seconds = 5;
  result.images = 80;
  result.reveals = "discriminator_only";
  result.sanitizer = "unsanitized";
  result.cpu = "Some CPU";
  result.cores = 2;
  result.threads = 1;
  result.compiler = "gcc 12";
  result.sites = {
      {"north", 0.5, 3500, {{"gradient", {10, 40, 3000}}, {"framing", {10, 0, 500}}}, 4000, 1},
      {"south", 0.5, 3000, {{"gradient", {10, 40, 3000}}}, 4000, 0}};
  return result;
}

TEST_CASE("A report shows what the finished phases found, and no more", "[program]") {
  const test::Scratch scratch;
  const auto folder = RunFolder::open(small_config(scratch.path() / "run"), false);
  CHECK(run_page(folder).sections.empty());
  CHECK(run_rows(folder).rows.empty());

  folder.finish(kTrainPhase, trained());
  folder.finish(kEvaluatePhase,
                EvaluationFound{{evaluated("synthetic", 0.6), evaluated("pooled-real", 0.75),
                                 evaluated("site-north", 0.4), evaluated("site-south", 0.5)}});
  const std::string page = telemetry::render_html(run_page(folder));
  CHECK_THAT(page, Contains("80.0 % of pooled real data") && Contains("site-south"));
  CHECK_THAT(page, Contains("0.50\u20130.70"));  // the interval in the table
  CHECK_THAT(page,
             Contains("6.50 kB") && Contains("650 B a training step"));  // 3500 + 3000, ten steps
  CHECK_THAT(page, Contains("finds nothing of a class that the patient has"));
  CHECK_THAT(page, Contains("on nothing else"));
  CHECK_THAT(page, Contains("Some CPU"));
  CHECK_THAT(page, Contains("Training time") && Contains("0:05"));
  CHECK_THAT(page, Contains("16 images a second"));  // 80 in 5 s
}

TEST_CASE("A report of a run that has not ended says so", "[program]") {
  const test::Scratch scratch;
  const auto folder = RunFolder::open(small_config(scratch.path() / "run"), false);
  const auto finished = [&] { return run_rows(folder).rows.at(0); };
  folder.finish(kLoadPhase, Loaded{});
  folder.finish(kTrainPhase, trained());
  folder.finish(kSynthesisePhase, Synthesised{20});
  CHECK_THAT(telemetry::render_html(run_page(folder)), Contains("before the segmenters"));
  CHECK(finished().metric == "finished");
  CHECK(finished().value == 0);
  folder.finish(kEvaluatePhase, EvaluationFound{{evaluated("synthetic", 0.6)}});
  CHECK_THAT(telemetry::render_html(run_page(folder)), !Contains("Not finished"));
  CHECK(finished().value == 1);
}

TEST_CASE("Rows of a report name the training sets and the sites", "[program]") {
  const test::Scratch scratch;
  const auto folder = RunFolder::open(small_config(scratch.path() / "run"), false);
  folder.finish(kTrainPhase, trained());
  folder.finish(kEvaluatePhase, EvaluationFound{{evaluated("synthetic", 0.6)}});
  const auto rows = run_rows(folder);
  const auto value = [&](const std::string& name, const std::string& metric) {
    for (const auto& row : rows.rows) {
      if (row.case_name == name && row.metric == metric) return row.value;
    }
    return -1.0;
  };
  CHECK(rows.machine.cpu == "Some CPU");
  CHECK(value("synthetic", "dice") == 0.6);
  CHECK(value("synthetic", "dice body") == 0.6);
  CHECK(value("synthetic", "dice lesion") == -1);  // no case has it
  CHECK(value("synthetic", "hd95") == 3.5);
  CHECK(value("site-north", "bytes sent") == 3500);
  CHECK(value("site-north", "bytes sent per step") == 350);
  CHECK(value("federation", "throughput") == 16);
}

TEST_CASE("Losses are drawn from the log of the training phase alone", "[program]") {
  const test::Scratch scratch;
  const auto folder = RunFolder::open(small_config(scratch.path() / "run"), false);
  folder.finish(kTrainPhase, trained());
  auto log = telemetry::EventLog::create(folder.events());
  log.append(
      {{"phase", "train"}, {"step", 1}, {"seconds", 2}, {"generator", 0.5}, {"received", {1}}});
  log.append({{"phase", "segmenter-synthetic-0"}, {"step", 10}, {"loss", 3}});
  const std::string page = telemetry::render_html(run_page(folder));
  CHECK_THAT(page, Contains("generator from 0.5 to 0.5."));
  CHECK(page.find("received from") == std::string::npos);
  CHECK(page.find("loss from") == std::string::npos);
}

TEST_CASE("A damaged result is named", "[program]") {
  const test::Scratch scratch;
  const auto folder = RunFolder::open(small_config(scratch.path() / "run"), false);
  folder.write("results/train.json", "{\"steps\": \"many\"}");
  CHECK_THROWS_WITH(run_page(folder), Contains("train.json"));
  folder.write("results/train.json", "{");
  CHECK_THROWS_WITH(run_page(folder), Contains("train.json: not valid JSON"));
}

}  // namespace
}  // namespace asyndgan::program
