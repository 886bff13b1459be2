// SPDX-License-Identifier: Apache-2.0
// What reads and writes JSON, together: each of these files alone would cost as much to compile.
#include "asyndgan/privacy/impl/ledger.hpp"
#include "asyndgan/telemetry/impl/event_log.hpp"
#include "asyndgan/telemetry/impl/json_rows.hpp"
