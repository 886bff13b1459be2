// SPDX-License-Identifier: Apache-2.0
//
// A participant's checkpoints: one that somebody damaged, in the place of a step.
#include "asyndgan/federation/journal.hpp"

#include <cstdlib>

#include "fuzz/fuzz.hpp"
#include "fuzz/scratch.hpp"
#include "fuzz/tiny_state.hpp"

using namespace asyndgan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kStep = 3;
  static fuzz::TinyState tiny;
  static const federation::Journal journal(fuzz::scratch());
  fuzz::file_of(fuzz::bytes_of(data, size), "step-00000003.safetensors");
  fuzz::refused_or_read([&] {
    for (const auto& range : journal.ranges()) {
      if (range.first != kStep || range.last < range.first) std::abort();
      if (journal.covering(range.last) != kStep) std::abort();
    }
    return 0;
  });
  fuzz::refused_or_read([&] {
    journal.read(kStep, tiny.state());
    return 0;
  });
  return 0;
}
