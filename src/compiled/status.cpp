// SPDX-License-Identifier: Apache-2.0
// What the status page shows, together: each of these files alone would cost as much to compile.
#include "asyndgan/telemetry/impl/status_json.hpp"
#include "asyndgan/telemetry/impl/status_metrics.hpp"
#include "asyndgan/telemetry/impl/status_page.hpp"
#include "asyndgan/telemetry/impl/status_pages.hpp"
