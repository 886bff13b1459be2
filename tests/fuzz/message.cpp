// SPDX-License-Identifier: Apache-2.0
//
// A frame from a peer: its header and every kind of message. An odd first byte leaves the frame
// as it is; else the rest is a payload, whose header and checksums are made here, since no fuzzer
// guesses a checksum.
#include <algorithm>
#include <cstdlib>

#include "asyndgan/protocol/codec.hpp"
#include "fuzz/fuzz.hpp"

using namespace asyndgan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto rest = fuzz::bytes_of(data, size).subspan(1);
  const protocol::Limits limits{.batch = 4, .height = 64, .width = 64, .message = 1 << 20};
  if (data[0] % 2 == 1) {
    fuzz::refused_or_read([&] { return protocol::decode(rest, limits); });
    return 0;
  }
  std::vector<std::byte> frame(protocol::FrameHeader::kSize + rest.size());
  std::copy(rest.begin(), rest.end(), frame.begin() + protocol::FrameHeader::kSize);
  protocol::write_header({.kind = static_cast<protocol::Kind>(1 + data[0] / 2 % 7),
                          .payload_bytes = rest.size(),
                          .run = 1,
                          .step = 2,
                          .payload_checksum = protocol::crc32c(rest)},
                         frame);
  fuzz::refused_or_read([&] { return protocol::decode(frame, limits); });
  return 0;
}
