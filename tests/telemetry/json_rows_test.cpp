// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/json_rows.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

using nlohmann::json;

Rows example() {
  Rows rows{"simulate", {"Some CPU", 2, 1, "gcc 12.2.0"}, {}};
  rows.rows.push_back({"synthetic", "dice", 0.75, "1"});
  rows.rows.push_back(against({"resnet", "step time", 0.5, "s"}, "PyTorch", 1.25, Better::lower));
  return rows;
}

TEST_CASE("Rows have the shape that every benchmark shares", "[telemetry]") {
  CHECK(json::parse(to_json(example()).dump()) == json::parse(R"({
    "benchmark": "simulate",
    "machine": {"cpu": "Some CPU", "cores": 2, "threads": 1, "compiler": "gcc 12.2.0"},
    "rows": [
      {"case": "synthetic", "metric": "dice", "value": 0.75, "unit": "1"},
      {"case": "resnet", "metric": "step time", "value": 0.5, "unit": "s",
       "peer": "PyTorch", "peer_value": 1.25, "ratio": 2.5}]})"));
}

TEST_CASE("The ratio is above 1 where we are better, whichever way is up", "[telemetry]") {
  const Row rate{"resnet", "throughput", 30, "images/s"};
  CHECK(against(rate, "PyTorch", 20, Better::higher).peer.value().ratio == 1.5);
  CHECK(against(rate, "PyTorch", 60, Better::lower).peer.value().ratio == 2.0);
  CHECK_THROWS_AS(against(rate, "PyTorch", 0, Better::higher), ContractViolation);
}

TEST_CASE("Rows survive a round trip", "[telemetry]") {
  const Rows read = rows_from_json(json::parse(to_json(example()).dump()), "report.json");
  REQUIRE(read.rows.size() == 2);
  CHECK(read.benchmark == "simulate");
  CHECK(read.machine.threads == 1);
  CHECK(read.rows[0].case_name == "synthetic");
  CHECK_FALSE(read.rows[0].peer);
  CHECK(read.rows[1].peer.value().name == "PyTorch");
  CHECK(read.rows[1].peer.value().ratio == 2.5);
}

TEST_CASE("A figure that JSON cannot hold is refused, not written as null", "[telemetry]") {
  Rows rows = example();
  rows.rows[0].value = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(to_json(rows), ContractViolation);
}

TEST_CASE("Reading rows names the file that has none", "[telemetry]") {
  CHECK_THROWS_WITH(rows_from_json(json::parse(R"({"benchmark": "x"})"), "old/report.json"),
                    Catch::Contains("old/report.json") && Catch::Contains("machine"));
  auto damaged = to_json(example());
  damaged["rows"][0]["value"] = "high";
  CHECK_THROWS_AS(rows_from_json(damaged, "x"), DataError);
}

}  // namespace
}  // namespace asyndgan::telemetry
