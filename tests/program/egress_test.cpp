// SPDX-License-Identifier: Apache-2.0
//
// What the built program says of what left the sites, and what it keeps from leaving.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "run_program.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"
#include "tiny_run.hpp"

namespace asyndgan::program {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using test::contents;
using test::run;

/// The sum of `key` over the entries of a ledger that have it.
std::uint64_t sum_of(const fs::path& ledger, const std::string& key) {
  std::istringstream lines(contents(ledger));
  std::uint64_t sum = 0;
  for (std::string line; std::getline(lines, line);) {
    sum += nlohmann::json::parse(line).value(key, std::uint64_t{0});
  }
  return sum;
}

TEST_CASE("The report's bytes are those of the ledgers, label maps for the synthesis included",
          "[program]") {
  const test::Scratch scratch;
  const auto config = test::write_config(scratch.path(), test::write_two_sites(scratch.path()));
  REQUIRE(run(scratch.path(), {"simulate", config.string(), "--quiet"}).code == 0);
  const fs::path out = scratch.path() / "run";
  const auto report = nlohmann::json::parse(contents(out / "report.json"));
  for (const std::string site : {"north", "south"}) {
    const auto value = [&](const std::string& metric) {
      const auto& rows = report.at("rows");
      const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& each) {
        return each.at("case") == "site-" + site && each.at("metric") == metric;
      });
      REQUIRE(row != rows.end());
      return row->at("value").template get<double>();
    };
    const auto bytes = sum_of(out / "sites" / site / "ledger.jsonl", "bytes");
    REQUIRE(bytes > 0);
    CHECK(value("bytes sent") == static_cast<double>(bytes));
    CHECK(3 * value("bytes sent per step") < static_cast<double>(bytes));  // of training alone
  }
}

TEST_CASE("A query limit holds over all starts of a run", "[program]") {
  const test::Scratch scratch;
  auto json = test::write_two_sites(scratch.path());
  json["training"] = {{"steps", 9}, {"batch", 2}, {"checkpoint_every", 100}};
  json["data"]["sites"][0]["policy"] = {{"queries_per_site", 6}};
  const auto config = test::write_config(scratch.path(), json);
  const auto ledger = [&](const std::string& site) {
    return contents(scratch.path() / "run" / "sites" / site / "ledger.jsonl");
  };
  const auto gradients = [&] {
    const std::string text = ledger("north");
    std::size_t count = 0;
    for (auto at = text.find("\"gradient\""); at != std::string::npos;
         at = text.find("\"gradient\"", at + 1)) {
      ++count;
    }
    return count;
  };
  const auto refused = run(scratch.path(), {"simulate", config.string(), "--quiet"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("queries_per_site"));
  const auto answered = gradients();
  REQUIRE(answered > 0);
  CHECK(run(scratch.path(), {"simulate", config.string(), "--quiet"}).code == 1);
  CHECK(gradients() == answered);

  const auto checked = run(scratch.path(), {"check", config.string()});
  CHECK(checked.code == 1);
  CHECK_THAT(checked.err, Contains("queries_per_site: north allows 6, the run needs 18 ("));
}

TEST_CASE("check tells how gradients leave and how near a run gets to a site's limits",
          "[program]") {
  const test::Scratch scratch;
  auto json = test::write_two_sites(scratch.path());  // 8 slices a site
  json["training"] = {{"steps", 9}, {"batch", 2}};
  json["privacy"] = {{"sanitizer", "clip_norm"}, {"norm", 2}, {"queries_per_sample", 3}};
  json["data"]["sites"][1]["policy"] = {{"queries_per_sample", 2}};
  const auto checked =
      run(scratch.path(), {"check", test::write_config(scratch.path(), json).string()});
  CHECK(checked.code == 1);
  CHECK_THAT(checked.err, Contains("gradients leave after clip_norm(2)") &&
                              Contains("queries_per_sample: north allows 3, the run needs 3 ("));
  CHECK_THAT(checked.err, Contains("queries_per_sample: south allows 2, the run needs 3 ("));
}

TEST_CASE("check knows what a paired term costs: with that a run ends, with less it is refused",
          "[program]") {
  for (const auto& [variant, needed] : {std::pair{"one_batch", 6}, std::pair{"two_phase", 5}}) {
    for (const int allowed : {needed, needed - 1}) {
      CAPTURE(variant, allowed);
      const test::Scratch scratch;
      auto json = test::write_two_sites(scratch.path());  // 8 slices a site
      json["training"] = {{"steps", 9}, {"batch", 2}, {"variant", variant}};
      json["objective"] = {{"paired_l1", 100}, {"paper_objective_reveals_images", true}};
      json["privacy"] = {{"sanitizer", "clip_norm"},
                         {"label_maps", "as_they_are"},
                         {"allow_gradients_that_reveal_images", true},
                         {"queries_per_sample", allowed}};
      const auto config = test::write_config(scratch.path(), json).string();
      const int code = allowed == needed ? 0 : 1;
      const auto checked = run(scratch.path(), {"check", config});
      CHECK(checked.code == code);
      CHECK_THAT(checked.err, Contains("the run needs " + std::to_string(needed) + " ("));
      CHECK(run(scratch.path(), {"simulate", config, "--quiet"}).code == code);
    }
  }
}

TEST_CASE("check names a minimum that a site's statistics never reach", "[program]") {
  const test::Scratch scratch;
  auto json = test::write_two_sites(scratch.path());  // 8 slices a site
  json["objective"] = {{"feature_statistics", 1}};
  json["privacy"] = {{"minimum_batch", 9}};
  const auto checked =
      run(scratch.path(), {"check", test::write_config(scratch.path(), json).string()});
  CHECK(checked.code == 1);
  CHECK_THAT(checked.err, Contains("privacy.minimum_batch: 9 given, but at north "
                                   "objective.feature_statistics rests on at most 8 images"));
}

TEST_CASE("Drawn images lie where their label maps do, and overwrite nothing", "[program]") {
  const test::Scratch scratch;
  const auto config = test::write_config(scratch.path(), test::write_two_sites(scratch.path()));
  REQUIRE(run(scratch.path(), {"simulate", config.string(), "--quiet"}).code == 0);
  auto labels = test::tiny_volume(7).labels;
  labels.grid.origin = {-90, 126, -72};
  labels.grid.direction = {{{1, 0, 0}, {0, 0.8, 0.6}, {0, -0.6, 0.8}}};
  const fs::path maps = scratch.path() / "maps";
  const fs::path out = scratch.path() / "drawn";
  fs::create_directories(maps);
  data::write_label_volume(maps / "p_labels.nii.gz", labels);
  const auto synthesize = [&](const fs::path& to) {
    return run(scratch.path(), {"synthesize", (scratch.path() / "run").string(), "--maps",
                                maps.string(), "--out", to.string(), "--copies", "2"});
  };
  REQUIRE(synthesize(out).code == 0);
  for (const std::string name : {"p_t1.nii.gz", "p+1_t1.nii.gz"}) {
    const auto drawn = data::read_volume(out / name);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      CHECK(drawn.grid.origin[axis] == labels.grid.origin[axis]);
      for (std::size_t p = 0; p < 3; ++p) {  // NIfTI keeps directions as float
        CHECK(std::abs(drawn.grid.direction[axis][p] - labels.grid.direction[axis][p]) <
              1e-7);  // measured 9.6e-9
      }
    }
  }
  const std::string before = contents(maps / "p_labels.nii.gz");
  const auto refused = synthesize(maps);
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Contains("p_labels.nii.gz' is there already"));
  CHECK(contents(maps / "p_labels.nii.gz") == before);
  CHECK(synthesize(out).code == 2);
}

}  // namespace
}  // namespace asyndgan::program
