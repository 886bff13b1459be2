// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "asyndgan/core/error.hpp"
#include "asyndgan/telemetry/machine.hpp"

namespace asyndgan::telemetry {

enum class Better { higher, lower };

/// One figure, and where there is one the same figure of a peer.
struct Row {
  struct Peer {
    std::string name;  // "PyTorch 2.4"
    double value = 0;
    double ratio = 0;  // above 1 where we are better
  };

  std::string case_name;  // "synthetic", "resnet 9 blocks, 256 x 256"
  std::string metric;     // "dice", "step time"
  double value = 0;
  std::string unit;  // "1", "s", "images/s"
  std::optional<Peer> peer = {};
};

/// A row beside a peer's figure. Requires both values > 0.
[[nodiscard]] inline Row against(Row row, std::string peer, double peer_value, Better better) {
  if (!(row.value > 0) || !(peer_value > 0)) {
    throw ContractViolation("against: " + row.case_name + ", " + row.metric + " compares " +
                            std::to_string(row.value) + " with " + std::to_string(peer_value) +
                            "; both must be above zero");
  }
  const double ratio = better == Better::higher ? row.value / peer_value : peer_value / row.value;
  row.peer = Row::Peer{std::move(peer), peer_value, ratio};
  return row;
}

/// What every benchmark and every report writes, so that any two runs can be compared:
/// {"benchmark": "...", "machine": {...}, "rows": [{"case", "metric", "value", "unit",
///  "peer", "peer_value", "ratio"}]}, the last three only where there is a peer.
struct Rows {
  std::string benchmark;
  Machine machine;
  std::vector<Row> rows;
};

/// Throws ContractViolation for a value that JSON cannot hold (NaN, infinity).
[[nodiscard]] inline nlohmann::ordered_json to_json(const Rows& result) {
  nlohmann::ordered_json json;
  json["benchmark"] = result.benchmark;
  json["machine"] = {{"cpu", result.machine.cpu},
                     {"cores", result.machine.cores},
                     {"threads", result.machine.threads},
                     {"compiler", result.machine.compiler}};
  json["rows"] = nlohmann::ordered_json::array();
  for (const auto& row : result.rows) {
    if (!std::isfinite(row.value)) {
      throw ContractViolation("to_json: " + row.case_name + ", " + row.metric + " is not finite");
    }
    nlohmann::ordered_json entry = {
        {"case", row.case_name}, {"metric", row.metric}, {"value", row.value}, {"unit", row.unit}};
    if (row.peer) {
      entry["peer"] = row.peer->name;
      entry["peer_value"] = row.peer->value;
      entry["ratio"] = row.peer->ratio;
    }
    json["rows"].push_back(std::move(entry));
  }
  return json;
}

/// Reads what to_json() wrote. Throws DataError naming `source` where a part is missing or of
/// another type.
[[nodiscard]] inline Rows rows_from_json(const nlohmann::json& json, const std::string& source) {
  try {
    const auto& machine = json.at("machine");
    Rows result{json.at("benchmark"),
                {machine.at("cpu"), machine.at("cores"), machine.at("threads"),
                 machine.value("compiler", "unknown")},
                {}};
    for (const auto& entry : json.at("rows")) {
      Row row{entry.at("case"), entry.at("metric"), entry.at("value"), entry.at("unit")};
      if (entry.contains("peer")) {
        row.peer = Row::Peer{entry.at("peer"), entry.at("peer_value"), entry.at("ratio")};
      }
      result.rows.push_back(std::move(row));
    }
    return result;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(source + ": not the rows of a benchmark or report: " + error.what());
  }
}

}  // namespace asyndgan::telemetry
