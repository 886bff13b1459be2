// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "asyndgan/telemetry/status.hpp"

namespace asyndgan::telemetry {

/// The status for programs, as docs/operations.md describes it: one JSON object. What is not
/// known is null.
[[nodiscard]] std::string status_json(const Status& status);

/// The status for Prometheus, in its text format, version 0.0.4: base units, a HELP and a TYPE
/// for each metric, labels escaped. With this process' memory and processor time of the moment.
[[nodiscard]] std::string status_metrics(const Status& status);

/// The status for people: one HTML page. Every text is escaped; script and style are files
/// beside it, so that a content policy can forbid all others. Readable without the script, which
/// brings the page up to date every second.
[[nodiscard]] std::string status_page(const Status& status);

}  // namespace asyndgan::telemetry

#ifndef ASYNDGAN_COMPILED
#include "asyndgan/telemetry/impl/status_json.hpp"
#include "asyndgan/telemetry/impl/status_metrics.hpp"
#include "asyndgan/telemetry/impl/status_page.hpp"
#endif
