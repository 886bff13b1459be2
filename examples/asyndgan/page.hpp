// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "asyndgan/telemetry/json_rows.hpp"
#include "asyndgan/telemetry/report.hpp"
#include "run_folder.hpp"

namespace asyndgan::program {

/// report.html: what the phases that have finished found. No real image is in it.
/// Errors  DataError for a damaged file in the run's folder.
[[nodiscard]] telemetry::Report run_page(const RunFolder& folder);

/// sites/<name>/report.html: for the site's own eyes, with its real images and its ledger.
[[nodiscard]] telemetry::Report site_page(const RunFolder& folder, const std::string& site);

/// report.json: the same figures as rows of the benchmarks' shape.
[[nodiscard]] telemetry::Rows run_rows(const RunFolder& folder);

}  // namespace asyndgan::program
