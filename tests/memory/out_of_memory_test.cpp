// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out at each allocation in turn.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>

#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/protocol/codec.hpp"
#include "memory/failing_memory.hpp"
#include "protocol/samples.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan {
namespace {

using test::FailingMemory;
using test::for_each_allocation;

TEST_CASE("A message that there is no memory for is not taken, and then it is", "[memory]") {
  constexpr protocol::RunId kRun = 7;
  long allocations = 0;
  for (const auto& frame : test::Samples::frames(kRun)) {
    std::size_t kind = 0;
    allocations +=
        for_each_allocation([&] { kind = 1 + protocol::decode(frame, {}, kRun).message.index(); },
                            [&] { CHECK(kind == 0); });
    CHECK(kind > 0);
  }
  CHECK(allocations > 5);  // 11
}

/// One number, in everything that a checkpoint can hold.
struct Everything {
  Parameter<float> parameter{Shape{8, 2, 3, 3}, 4};
  Tensor<float> buffer{{1, 5, 1, 1}};
  std::int64_t counter = 0;
  double real = 0;

  [[nodiscard]] State<float> state() {
    State<float> state;
    state.parameters.push_back({"parameter", &parameter});
    state.buffers.push_back({"buffer", &buffer});
    state.counters.push_back({"counter", &counter});
    state.reals.push_back({"real", &real});
    return state;
  }
  void set(int to) {
    std::ranges::fill(parameter.value.values(), static_cast<float>(to));
    std::ranges::fill(buffer.values(), static_cast<float>(to));
    counter = to;
    real = to;
  }
  [[nodiscard]] bool is(int number) const {
    const auto same = [number](float value) { return value == static_cast<float>(number); };
    return std::ranges::all_of(parameter.value.values(), same) &&
           std::ranges::all_of(buffer.values(), same) && counter == number && real == number;
  }
};

TEST_CASE("A checkpoint is read whole or changes nothing, whenever memory runs out", "[memory]") {
  const test::TemporaryFolder folder;
  Everything numbers;
  auto state = numbers.state();
  numbers.set(2);
  networks::save_checkpoint(folder / "checkpoint", state);
  numbers.set(1);
  const long allocations =
      for_each_allocation([&] { (void)networks::load_checkpoint(folder / "checkpoint", state); },
                          [&] { CHECK(numbers.is(1)); });
  CHECK(numbers.is(2));
  CHECK(allocations > 20);
}

/// A site writes JSON into its ledger, and a destructor of nlohmann's takes some bytes and ends the
/// program where there are none. What runs out first is what there is much of.
constexpr std::size_t kMoreThanJson = 512;

TEST_CASE("A run ends by what ran out, whenever memory does", "[memory]") {
  using Federation = test::Federation<float>;
  auto options = Federation::defaults();
  options.central.steps = 1;
  { Federation(options).run(); }  // threads and caches that stay
  long told = 0;
  for (long n = 1;; n += 1 + n / 40) {  // each one at first, then one in forty
    Federation federation(options);
    bool failed = false;
    std::string other;
    {
      const FailingMemory memory(n, kMoreThanJson);
      try {
        federation.run();
      } catch (const std::bad_alloc&) {
        ++told;
      } catch (const std::exception& error) {
        other = error.what();
      }
      failed = FailingMemory::has_failed();
    }
    INFO("allocation " << n);
    CHECK(other == "");
    if (!failed) break;
  }
  CHECK(told > 50);  // 113
}

}  // namespace
}  // namespace asyndgan
