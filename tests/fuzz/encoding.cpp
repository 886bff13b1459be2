// SPDX-License-Identifier: Apache-2.0
//
// Tensors in every encoding, whose number is the first byte, and label maps in theirs.
#include "asyndgan/protocol/any_label_encoding.hpp"
#include "asyndgan/protocol/encodings/bfloat16.hpp"
#include "asyndgan/protocol/encodings/float16.hpp"
#include "asyndgan/protocol/encodings/float32.hpp"
#include "asyndgan/protocol/encodings/int8.hpp"
#include "asyndgan/protocol/encodings/top_k.hpp"
#include "asyndgan/protocol/encodings/uint8.hpp"
#include "asyndgan/protocol/encodings/zstd.hpp"
#include "fuzz/fuzz.hpp"

using namespace asyndgan;

namespace {

const protocol::Limits kLimits{.batch = 4, .height = 64, .width = 64, .message = 1 << 20};

template <class E>
void read(std::span<const std::byte> bytes) {
  protocol::ByteReader reader(bytes);
  fuzz::refused_or_read([&] { return protocol::read_encoded<E>(reader, kLimits); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto rest = fuzz::bytes_of(data, size).subspan(1);
  switch (data[0] % 8) {
    case 0:
      read<protocol::encodings::Float32>(rest);
      break;
    case 1:
      read<protocol::encodings::Float16>(rest);
      break;
    case 2:
      read<protocol::encodings::Bfloat16>(rest);
      break;
    case 3:
      read<protocol::encodings::Int8>(rest);
      break;
    case 4:
      read<protocol::encodings::TopK>(rest);
      break;
    case 5:
      read<protocol::encodings::Uint8>(rest);
      break;
    case 6:
      read<protocol::encodings::Zstd<protocol::encodings::Int8>>(rest);
      break;
    default: {
      protocol::ByteReader reader(rest);
      fuzz::refused_or_read([&] { return protocol::AnyLabelEncoding::read(reader, kLimits); });
    }
  }
  return 0;
}
