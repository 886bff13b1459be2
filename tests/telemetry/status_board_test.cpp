// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/status_board.hpp"

#include <thread>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

TEST_CASE("What was read stays as it was when a newer status is put up", "[telemetry]") {
  StatusBoard board;
  CHECK(board.read()->step == 0);
  board.publish({.step = 1});
  const auto first = board.read();
  board.publish({.step = 2});
  CHECK(first->step == 1);
  CHECK(board.read()->step == 2);
}

TEST_CASE("A reader never sees half of a status, nor an older one", "[telemetry]") {
  StatusBoard board;
  std::thread writer([&board] {
    for (std::uint64_t step = 1; step <= 20'000; ++step) {
      board.publish({.title = std::string(40, 'x'), .step = step, .steps = step});
    }
  });
  std::uint64_t seen = 0;
  bool whole = true;
  while (seen < 20'000) {
    const auto status = board.read();
    whole = whole && status->step == status->steps && status->step >= seen;
    seen = status->step;
    board.look();
  }
  writer.join();
  CHECK(whole);
  CHECK(board.is_looked_at());
}

}  // namespace
}  // namespace asyndgan::telemetry
