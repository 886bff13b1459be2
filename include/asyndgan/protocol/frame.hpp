// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "asyndgan/protocol/checksum.hpp"
#include "asyndgan/protocol/limits.hpp"
#include "asyndgan/protocol/message.hpp"

namespace asyndgan::protocol {

/// Version of the bytes on the wire. docs/wire_format.md says what raises it.
inline constexpr std::uint16_t kWireVersion = 3;
/// The oldest one that is understood, and answered in kind.
inline constexpr std::uint16_t kOldestWireVersion = 2;

inline constexpr std::uint32_t kMagic = 0x4E474441;  // "ADGN"

/// A message of a version of the wire that this side does not know: one of the two was updated, or
/// was not.
class WireVersionError : public ProtocolError {
 public:
  using ProtocolError::ProtocolError;
};

/// The 40 bytes before every payload.
struct FrameHeader {
  static constexpr std::size_t kSize = 40;

  Kind kind = Kind::hello;
  std::uint64_t payload_bytes = 0;
  RunId run = 0;
  std::uint64_t step = 0;
  std::uint32_t payload_checksum = 0;
  std::uint16_t version = kWireVersion;

  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

namespace detail {
// Offsets of the header's fields.
inline constexpr std::size_t kHeaderChecksumAt = 36;

[[nodiscard]] inline std::string hexadecimal(std::uint32_t value) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[(value >> shift) & 0xF];
  return text;
}

inline void require_checksum(const char* what, std::uint32_t sent, std::uint32_t computed) {
  if (sent != computed) {
    throw ProtocolError(std::string(what) + " checksum is " + hexadecimal(sent) + ", expected " +
                        hexadecimal(computed) + ": damaged on the way");
  }
}
}  // namespace detail

/// Writes `header` into the first 40 bytes of `frame`.
inline void write_header(const FrameHeader& header, std::span<std::byte> frame) {
  ByteWriter writer;
  writer.number(kMagic);
  writer.number(header.version);
  writer.number(static_cast<std::uint16_t>(header.kind));
  writer.number(header.payload_bytes);
  writer.number(header.run);
  writer.number(header.step);
  writer.number(header.payload_checksum);
  writer.number(crc32c(writer.written()));
  std::memcpy(frame.data(), writer.written().data(), FrameHeader::kSize);
}

/// The header of `frame`, which may be longer. A stream reads 40 bytes, calls this, and knows
/// how many to read next. The version is judged before the checksum, so that a newer peer is
/// told apart from a damaged one.
///
/// Errors  ProtocolError naming the field, its value and what was expected; WireVersionError.
[[nodiscard]] inline FrameHeader read_header(std::span<const std::byte> frame,
                                             const Limits& limits) {
  if (frame.size() < FrameHeader::kSize) {
    throw ProtocolError("message has " + std::to_string(frame.size()) +
                        " bytes, expected at least the header's " +
                        std::to_string(FrameHeader::kSize));
  }
  ByteReader reader(frame.first(FrameHeader::kSize));
  const auto magic = reader.number<std::uint32_t>("magic");
  if (magic != kMagic) {
    throw ProtocolError("magic is " + detail::hexadecimal(magic) + ", expected " +
                        detail::hexadecimal(kMagic) + " (\"ADGN\"): not a peer of ours");
  }
  FrameHeader header;
  header.version = reader.number<std::uint16_t>("wire version");
  if (header.version < kOldestWireVersion || header.version > kWireVersion) {
    throw WireVersionError("wire version is " + std::to_string(header.version) + ", expected " +
                           std::to_string(kOldestWireVersion) + " or " +
                           std::to_string(kWireVersion) + ": update the older side");
  }
  const auto kind = reader.number<std::uint16_t>("kind");
  header.payload_bytes = reader.number<std::uint64_t>("payload length");
  header.run = reader.number<std::uint64_t>("run");
  header.step = reader.number<std::uint64_t>("step");
  header.payload_checksum = reader.number<std::uint32_t>("payload checksum");
  detail::require_checksum("header", reader.number<std::uint32_t>("header checksum"),
                           crc32c(frame.first(detail::kHeaderChecksumAt)));
  if (kind < static_cast<std::uint16_t>(Kind::hello) ||
      kind > static_cast<std::uint16_t>(Kind::goodbye)) {
    throw ProtocolError("kind is " + std::to_string(kind) + ", expected 1 to 7");
  }
  header.kind = static_cast<Kind>(kind);
  if (header.payload_bytes > limits.message) {
    throw ProtocolError("payload length is " + std::to_string(header.payload_bytes) +
                        " bytes, expected at most " + std::to_string(limits.message));
  }
  return header;
}

/// The kinds of frames, by what their headers say, to count them by (transport::Counted).
struct FrameKinds {
  /// Unchecked, but none of the kinds where it is no frame of ours.
  [[nodiscard]] static Kind kind_of(std::span<const std::byte> frame) {
    constexpr std::size_t kKindAt = 6;
    std::uint16_t kind = 0;
    if (frame.size() < FrameHeader::kSize) return Kind{};
    std::memcpy(&kind, &frame[kKindAt], sizeof kind);
    return kind <= static_cast<std::uint16_t>(Kind::goodbye) ? static_cast<Kind>(kind) : Kind{};
  }
};

}  // namespace asyndgan::protocol
