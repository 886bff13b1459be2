// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of telemetry/json_rows.hpp.

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/telemetry/json_rows.hpp"

namespace asyndgan::telemetry {

ASYNDGAN_INLINE Row against(Row row, std::string peer, double peer_value, Better better) {
  if (!(row.value > 0) || !(peer_value > 0)) {
    throw ContractViolation("against: " + row.case_name + ", " + row.metric + " compares " +
                            std::to_string(row.value) + " with " + std::to_string(peer_value) +
                            "; both must be above zero");
  }
  const double ratio = better == Better::higher ? row.value / peer_value : peer_value / row.value;
  row.peer = Row::Peer{std::move(peer), peer_value, ratio};
  return row;
}

ASYNDGAN_INLINE nlohmann::ordered_json to_json(const Rows& result) {
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

ASYNDGAN_INLINE Rows rows_from_json(const nlohmann::json& json, const std::string& source) {
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
