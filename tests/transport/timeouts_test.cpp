// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/timeouts.hpp"

#include "asyndgan/federation/central_options.hpp"
#include "asyndgan/telemetry/loopback_server.hpp"
#include "asyndgan/transport/backoff.hpp"
#include "asyndgan/transport/in_process.hpp"
#include "asyndgan/transport/mpi.hpp"
#include "asyndgan/transport/network_link.hpp"
#include "support/catch.hpp"

namespace asyndgan::transport {
namespace {

using namespace std::chrono_literals;

TEST_CASE("Every time-out follows from the heartbeat or the patience", "[transport]") {
  constexpr Timeouts usual;  // the table of docs/operations.md
  CHECK(usual.heartbeat == 5s);
  CHECK(usual.silence() == 12500ms);
  CHECK(usual.greeting() == 10s);
  CHECK(usual.judgement() == 30s);
  CHECK(usual.first_pause() == 200ms);
  CHECK(usual.longest_pause() == 5s);
  CHECK(usual.page() == 5s);
  CHECK(usual.patience == 1min);
  CHECK(usual.answer() == 10min);

  constexpr Timeouts brisk{.heartbeat = 1s, .patience = 3s};
  CHECK(brisk.silence() == 2500ms);
  CHECK(brisk.greeting() == 2s);
  CHECK(brisk.judgement() == 6s);
  CHECK(brisk.first_pause() == 40ms);
  CHECK(brisk.longest_pause() == 1s);
  CHECK(brisk.page() == 1s);
  CHECK(brisk.answer() == 30s);
}

TEST_CASE("What may be set begins with the usual time-outs", "[transport]") {
  constexpr Timeouts usual;
  const auto network = NetworkOptions{}.timeouts();
  CHECK(network.heartbeat == usual.heartbeat);
  CHECK(network.patience == usual.patience);
  CHECK(MpiOptions{}.patience == usual.patience);
  CHECK(InProcessHub::Options{}.send_limit == usual.patience);
  CHECK(Backoff::Options{}.base == usual.first_pause());
  CHECK(Backoff::Options{}.cap == usual.longest_pause());
  CHECK(telemetry::LoopbackOptions{}.limit == usual.page());
  CHECK(federation::CentralOptions{}.patience == usual.answer());
}

}  // namespace
}  // namespace asyndgan::transport
