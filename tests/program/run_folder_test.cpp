// SPDX-License-Identifier: Apache-2.0
#include "run_folder.hpp"

#include <fstream>

#include "asyndgan/core/error.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"

namespace asyndgan::program {
namespace {

using Catch::Contains;

RunConfig config_in(const std::filesystem::path& output) {
  RunConfig config;
  config.run.output = output;
  config.data.sites = {{.name = "north", .folder = "/n"}};
  config.data.test.folder = "/t";
  config.data.classes = {"background", "body"};
  return config;
}

TEST_CASE("A run is taken up with the same configuration only", "[program]") {
  const test::Scratch scratch;
  RunConfig config = config_in(scratch.path() / "run");
  { RunFolder::open(config, false).finish("train", {{"steps", 5}}); }
  config.run.threads = 3;  // changes no result
  CHECK(RunFolder::open(config, false).result("train")->at("steps") == 5);
  config.training.steps = 7;
  CHECK_THROWS_WITH(RunFolder::open(config, false),
                    Contains("training.steps: 1500 there, 7 here") && Contains("--fresh"));
  CHECK_FALSE(RunFolder::open(config, true).result("train"));
}

TEST_CASE("A run that found nothing yet may be set right", "[program]") {
  const test::Scratch scratch;
  RunConfig config = config_in(scratch.path() / "run");
  { (void)RunFolder::open(config, false); }
  config.data.sites[0].folder = "/right";
  { RunFolder::open(config, false).finish("load", {{"sites", 1}}); }
  config.data.sites[0].folder = "/other";
  CHECK_THROWS_WITH(
      RunFolder::open(config, false),
      Contains("data.sites[0].folder: \"/right\" there, \"/other\" here") && !Contains("weight"));
}

TEST_CASE("Starting over removes what a run made and nothing else", "[program]") {
  const test::Scratch scratch;
  const RunConfig config = config_in(scratch.path() / "run");
  { RunFolder::open(config, false).finish("train", {{"steps", 5}}); }
  std::ofstream(scratch.path() / "run" / "thesis.txt") << "mine";
  (void)RunFolder::open(config, true);
  CHECK(std::filesystem::exists(scratch.path() / "run" / "thesis.txt"));
  CHECK_FALSE(std::filesystem::exists(scratch.path() / "run" / "results" / "train.json"));
}

TEST_CASE("Two programs do not work in one folder", "[program]") {
  const test::Scratch scratch;
  const RunConfig config = config_in(scratch.path() / "run");
  const auto first = RunFolder::open(config, false);
  CHECK_THROWS_WITH(RunFolder::open(config, false), Contains("another asyndgan works in"));
}

TEST_CASE("A folder without a run is told apart", "[program]") {
  const test::Scratch scratch;
  CHECK_THROWS_WITH(RunFolder::read(scratch.path()), Contains("no run here"));
}

TEST_CASE("An output folder that cannot be made is a WriteError", "[program]") {
  const test::Scratch scratch;
  std::ofstream(scratch.path() / "file") << "x";
  CHECK_THROWS_AS(RunFolder::open(config_in(scratch.path() / "file" / "run"), false), WriteError);
}

}  // namespace
}  // namespace asyndgan::program
