// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "run_folder.hpp"

namespace asyndgan::program {

/// Writes report.html, report.json and each site's own report from what the phases found.
void write_reports(const RunFolder& folder);

}  // namespace asyndgan::program
