// SPDX-License-Identifier: Apache-2.0
//
// Seeded mutations of every kind of frame. Under the address sanitizer a slip of the decoder is
// a crash here; everywhere, what it accepts must be within the limits and encode to itself.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "asyndgan/protocol/codec.hpp"
#include "protocol/samples.hpp"
#include "support/catch.hpp"

namespace asyndgan::protocol {
namespace {

using test::Samples;
using Bytes = std::vector<std::byte>;

constexpr RunId kMutatedRun = 3;
constexpr Limits kLimits{.batch = 4,
                         .channels = 4,
                         .height = 16,
                         .width = 16,
                         .classes = 8,
                         .text = 64,
                         .names = 4,
                         .message = 4096};

void mutate(Bytes& frame, random::Sequence& draw) {
  constexpr std::array<std::uint64_t, 8> kPopular{
      0, 1, 0x7F, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF};
  const auto below = [&](std::size_t count) {
    return draw.below(static_cast<std::uint32_t>(count));
  };
  const std::size_t at = below(frame.size());
  const std::size_t left = frame.size() - at;
  switch (below(5)) {
    case 0:
      frame[at] ^= static_cast<std::byte>(1U << below(8));
      break;
    case 1:
      frame[at] = static_cast<std::byte>(below(256));
      break;
    case 2: {  // a popular number of 1, 2, 4 or 8 bytes
      const std::uint64_t value = kPopular[below(kPopular.size())];
      std::memcpy(frame.data() + at, &value, std::min<std::size_t>(left, 1U << below(4)));
      break;
    }
    case 3:  // cut
      frame.resize(at + 1);
      break;
    default: {  // repeat a piece
      const Bytes piece(frame.begin() + static_cast<std::ptrdiff_t>(at),
                        frame.begin() + static_cast<std::ptrdiff_t>(at + 1 + below(left)));
      frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
    }
  }
}

/// Makes length and checksums fit, so that the mutation reaches the fields behind them.
void reseal(Bytes& frame) {
  if (frame.size() < FrameHeader::kSize) return;
  const auto payload = std::span(frame).subspan(FrameHeader::kSize);
  const std::uint64_t length = payload.size();
  std::memcpy(frame.data() + 8, &length, sizeof length);
  const std::uint32_t payload_crc = crc32c(payload);
  std::memcpy(frame.data() + 32, &payload_crc, sizeof payload_crc);
  const std::uint32_t header_crc = crc32c(std::span(frame).first(36));
  std::memcpy(frame.data() + 36, &header_crc, sizeof header_crc);
}

/// The frame of whatever `received` holds, its label maps in every encoding.
std::array<Bytes, 3> encode_again(const Received& received) {
  return std::visit(
      [&](const auto& message) {
        const auto frame = [&](std::uint8_t code) {
          return Samples::frame(message, received.header.run,
                                {.label_maps = AnyLabelEncoding::of(code)});
        };
        return std::array{frame(encodings::RawLabels::kCode), frame(encodings::ZstdLabels::kCode),
                          frame(encodings::PackedLabels::kCode)};
      },
      received.message);
}

TEST_CASE("A hundred thousand mutated frames are refused or understood", "[protocol]") {
  auto originals = Samples::frames(kMutatedRun);
  originals.push_back(
      Samples::frame(Samples::masks(), kMutatedRun,
                     {.label_maps = AnyLabelEncoding::of(encodings::PackedLabels::kCode, 4)}));
  random::Sequence draw({.seed = 20260, .purpose = random::Purpose::test});
  int refused = 0;
  int understood = 0;
  std::array<int, 8> understood_by_kind{};
  for (int i = 0; i < 100'000; ++i) {
    Bytes frame = originals[static_cast<std::size_t>(i) % originals.size()];
    const std::uint32_t mutations = 1 + draw.below(3);
    for (std::uint32_t m = 0; m < mutations; ++m) mutate(frame, draw);
    if (draw.below(16) != 0) reseal(frame);
    try {
      const Received received = decode(frame, kLimits);
      ++understood;
      ++understood_by_kind[static_cast<std::size_t>(received.header.kind)];
      // What was understood is canonical but for how hard its label maps are packed.
      if (i % 8 == 0) {
        for (const Bytes& again : encode_again(received)) {
          const Received twice = decode(again, kLimits);
          REQUIRE(encode_again(twice) == encode_again(received));
        }
      }
    } catch (const ProtocolError&) {
      ++refused;
    }
  }
  CHECK(refused + understood == 100'000);
  // Both happen, for every kind: the mutations reach what they are meant for.
  CHECK(refused > 10'000);
  for (std::size_t kind = 1; kind < 8; ++kind) CHECK(understood_by_kind[kind] > 100);
}

}  // namespace
}  // namespace asyndgan::protocol
