// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "asyndgan/telemetry/loopback_server.hpp"
#include "asyndgan/telemetry/status_board.hpp"

namespace asyndgan::telemetry {

/// What a centre serves of the board, each time as it stands there:
///
///   /                      status_page()
///   /status.css /status.js of that page
///   /status.json           status_json()
///   /metrics               status_metrics()
///   /samples/R-map.png     of row R, from 0
///   /samples/R-C.png       of row R, column C
///   /healthz               "ok" while the program lives, whether or not the run gets on
///
/// Whoever asks for the page or its JSON counts as looking, see StatusBoard.
[[nodiscard]] Pages status_pages(std::shared_ptr<StatusBoard> board);

}  // namespace asyndgan::telemetry

#ifndef ASYNDGAN_COMPILED
#include "asyndgan/telemetry/impl/status_pages.hpp"
#endif
