// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint: a file in the safetensors format, and a network's state from it. The first byte
// says whether numbers that are not finite may pass. A refused file changes nothing, an accepted
// one comes back from what is saved then.
#include "asyndgan/networks/checkpoint.hpp"

#include <cstdlib>

#include "fuzz/fuzz.hpp"
#include "fuzz/tiny_state.hpp"

using namespace asyndgan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto bytes = fuzz::bytes_of(data, size).subspan(1);
  static fuzz::TinyState tiny;
  const auto before = networks::encode_checkpoint(tiny.state());
  bool loaded = false;
  fuzz::refused_or_read([&] {
    const auto file = safetensors::File::decode({bytes.begin(), bytes.end()}, "a file");
    for (const auto& [name, array] : file.arrays()) {
      if (array.dtype == safetensors::DType::u8) (void)file.values<std::uint8_t>(name);
    }
    const auto metadata =
        networks::load_checkpoint(file, tiny.state(), {.allow_non_finite = data[0] % 2 == 1});
    loaded = true;
    return metadata;
  });
  const auto after = networks::encode_checkpoint(tiny.state());
  if (!loaded && after != before) std::abort();
  if (loaded) {
    networks::load_checkpoint(safetensors::File::decode(after, "saved"), tiny.state(),
                              {.allow_non_finite = true});
    if (networks::encode_checkpoint(tiny.state()) != after) std::abort();
  }
  return 0;
}
