// SPDX-License-Identifier: Apache-2.0
//
// A disk that fills up in the middle of a run, and a run that goes on once there is room.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "run_program.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"
#include "tiny_run.hpp"

namespace asyndgan::program {
namespace {

namespace fs = std::filesystem;
using test::contents;
using test::Ended;

/// A run long enough that a site's ledger outgrows every checkpoint.
class Run {
 public:
  Run() {
    auto config = test::write_two_sites(scratch_.path());
    config["training"]["steps"] = 300;
    config["training"]["checkpoint_every"] = 60;
    config_ = test::write_config(scratch_.path(), config);
  }

  [[nodiscard]] Ended simulate(const std::string& out, const test::RunOptions& options = {}) const {
    return test::run(scratch_.path(),
                     {"simulate", config_.string(), "--out", folder(out).string(), "--quiet"},
                     options);
  }
  [[nodiscard]] fs::path folder(const std::string& out) const { return scratch_.path() / out; }

  /// The size of the largest file whose name ends so, of those that are left.
  [[nodiscard]] std::uintmax_t largest(const std::string& out, const std::string& ending) const {
    std::uintmax_t size = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder(out))) {
      if (entry.path().string().ends_with(ending)) size = std::max(size, entry.file_size());
    }
    return size;
  }

 private:
  test::Scratch scratch_;
  fs::path config_;
};

std::vector<std::string> files_of(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Every line is whole.
std::size_t entries_of(const fs::path& ledger) {
  const std::string text = contents(ledger);
  REQUIRE_FALSE(text.empty());
  CHECK(text.back() == '\n');
  std::size_t count = 0;
  std::ifstream stream(ledger);
  for (std::string line; std::getline(stream, line); ++count) {
    CHECK(nlohmann::json::accept(line));
  }
  return count;
}

TEST_CASE("A disk that is full when a checkpoint or a ledger is written costs no finished step",
          "[program]") {
  const Run run;
  REQUIRE(run.simulate("whole").code == 0);
  const std::string whole = contents(run.folder("whole") / "generator.safetensors");
  const auto checkpoint = run.largest("whole", ".safetensors");
  const auto ledger = run.largest("whole", "ledger.jsonl");
  REQUIRE(ledger > checkpoint + checkpoint / 4);  // 89 and 46 kB

  SECTION("a checkpoint") {
    const Ended full = run.simulate("out", {.largest_file = checkpoint - 1});
    CHECK(full.code == 1);
    CHECK_THAT(full.err,
               Catch::Contains("step-00000060.safetensors") && Catch::Contains("File too large"));
    CHECK(files_of(run.folder("out") / "checkpoints").empty());  // nor a part of one
    CHECK_FALSE(fs::exists(run.folder("out") / "generator.safetensors"));
  }
  SECTION("a ledger") {
    const auto limit = checkpoint + (ledger - checkpoint) / 2;
    const Ended full = run.simulate("out", {.largest_file = limit});
    CHECK(full.code == 1);
    CHECK_THAT(full.err, Catch::Contains("ledger.jsonl") && Catch::Contains("File too large"));
    CHECK_FALSE(fs::exists(run.folder("out") / "generator.safetensors"));
    for (const std::string site : {"north", "south"}) {
      const auto entered = run.folder("out") / "sites" / site / "ledger.jsonl";
      CHECK(entries_of(entered) > 100);
      CHECK(fs::file_size(entered) <= limit);
    }
  }
  for (const std::string site : {"north", "south"}) {
    for (const std::string& name : files_of(run.folder("out") / "sites" / site / "checkpoints")) {
      CHECK_THAT(name, Catch::StartsWith("step-") && Catch::EndsWith(".safetensors"));
    }
  }

  const Ended again = run.simulate("out");
  CAPTURE(again.err);
  REQUIRE(again.code == 0);
  CHECK(contents(run.folder("out") / "generator.safetensors") == whole);
  for (const std::string site : {"north", "south"}) {
    // What left before the disk was full left, and stays entered beside what left again.
    const fs::path own = fs::path("sites") / site / "ledger.jsonl";
    CHECK(entries_of(run.folder("out") / own) >= entries_of(run.folder("whole") / own));
  }
}

}  // namespace
}  // namespace asyndgan::program
