// SPDX-License-Identifier: Apache-2.0
//
// The log of a run, JSON lines. What can be gone on with has no later step of the phase.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "asyndgan/telemetry/event_log.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/scratch.hpp"

using namespace asyndgan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t kStep = 3;
  const auto path = fuzz::file_of(fuzz::bytes_of(data, size), "events.jsonl");
  fuzz::refused_or_read([&] {
    auto log = telemetry::EventLog::resume(path, "train", kStep);
    log.append({{"phase", "train"}, {"step", kStep + 1}});
    int later = 0;
    for (const auto& event : telemetry::read_events(path)) {
      if (event.value("phase", "") == "train" && event.value("step", kStep) > kStep) ++later;
    }
    if (later != 1) std::abort();
    return 0;
  });
  return 0;
}
