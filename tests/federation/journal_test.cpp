// SPDX-License-Identifier: Apache-2.0
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // see killed_writer.hpp
#include "asyndgan/federation/journal.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>

#include "support/catch.hpp"
#include "support/killed_writer.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::federation {
namespace {

/// What a checkpoint of the test holds: the step it is of, in every number.
struct Numbers {
  Tensor<float> buffer{{1, 4, 16, 16}};
  std::int64_t step = 0;

  [[nodiscard]] State<float> state() {
    State<float> state;
    state.buffers.push_back({"buffer", &buffer});
    state.counters.push_back({"step", &step});
    return state;
  }
  void set(std::uint64_t to) {
    step = static_cast<std::int64_t>(to);
    for (float& value : buffer.values()) value = static_cast<float>(to);
  }
  [[nodiscard]] bool are_of(std::uint64_t of) const {
    const auto values = buffer.values();
    return step == static_cast<std::int64_t>(of) &&
           std::all_of(values.begin(), values.end(),
                       [of](float value) { return value == static_cast<float>(of); });
  }
};

TEST_CASE("Killed a thousand times, a journal has whole checkpoints only, and the last one",
          "[federation]") {
  const test::TemporaryFolder folder;
  Numbers numbers;
  auto state = numbers.state();
  test::KilledWriter writer;
  for (std::uint64_t i = 0; i < test::kKills; ++i) {
    REQUIRE(writer.run([&](std::uint64_t step) {
      numbers.set(step);
      Journal(folder.path()).write(step, step, state, {});
    }));
    const Journal journal(folder.path());
    const auto steps = journal.steps();
    const std::uint64_t last = steps.empty() ? 0 : steps.back();
    // One more, where it was killed between the file's rename and the return.
    if (last != writer.written()) REQUIRE(last == writer.written() + 1);
    CHECK(journal.ranges().size() == steps.size());
    for (const std::uint64_t step : steps) {
      journal.read(step, state);
      REQUIRE(numbers.are_of(step));
    }
    CHECK(steps.size() >= std::min<std::uint64_t>(writer.written(), 3));
  }
  CHECK(writer.written() > test::kKills / 10);
}

}  // namespace
}  // namespace asyndgan::federation

#endif
