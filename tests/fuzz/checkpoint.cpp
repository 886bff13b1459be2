// SPDX-License-Identifier: Apache-2.0
//
// A file in the safetensors format.
#include "asyndgan/core/safetensors.hpp"
#include "fuzz/fuzz.hpp"

using namespace asyndgan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::bytes_of(data, size);
  fuzz::refused_or_read([&] {
    const auto file = safetensors::File::decode({bytes.begin(), bytes.end()}, "a file");
    for (const auto& [name, array] : file.arrays()) {
      if (array.dtype == safetensors::DType::f32) (void)file.values<float>(name);
    }
    return file.arrays().size();
  });
  return 0;
}
