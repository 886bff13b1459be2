// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

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
[[nodiscard]] Row against(Row row, std::string peer, double peer_value, Better better);

/// What every benchmark and every report writes, so that any two runs can be compared:
/// {"benchmark": "...", "machine": {...}, "rows": [{"case", "metric", "value", "unit",
///  "peer", "peer_value", "ratio"}]}, the last three only where there is a peer. Whoever looks
/// into that JSON includes <nlohmann/json.hpp>.
struct Rows {
  std::string benchmark;
  Machine machine;
  std::vector<Row> rows;
};

/// Throws ContractViolation for a value that JSON cannot hold (NaN, infinity).
[[nodiscard]] nlohmann::ordered_json to_json(const Rows& result);

/// Reads what to_json() wrote. Throws DataError naming `source` where a part is missing or of
/// another type.
[[nodiscard]] Rows rows_from_json(const nlohmann::json& json, const std::string& source);

}  // namespace asyndgan::telemetry

#ifndef ASYNDGAN_COMPILED
#include "asyndgan/telemetry/impl/json_rows.hpp"
#endif
