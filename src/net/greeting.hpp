// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::transport::net {

inline constexpr std::uint16_t kVersion = 1;
inline constexpr std::size_t kLongestText = 255;  // of a name or a reason, bytes

/// In place of a rank: refused for good, since a newer program of the site has its place.
inline constexpr Peer kReplaced = 0x7FFFFFFF;

/// The first bytes of either end, docs/wire_format.md. A site tells the number of its program, or
/// 0, and its name, or nothing where a certificate does. The centre answers with the rank, or with
/// 0 or kReplaced and the reason why not.
struct Greeting {
  Peer number = 0;
  std::string text;
};

inline constexpr std::size_t kGreetingHeader = 12;

/// The other end speaks another version. Nothing behind the header is believed.
class VersionError : public TransportError {
 public:
  using TransportError::TransportError;
};

[[nodiscard]] std::vector<std::byte> encode(const Greeting& greeting);

/// What the fixed part announces. The text follows.
struct GreetingHeader {
  std::size_t text = 0;  // bytes
  Peer number = 0;
};

/// Errors  VersionError; TransportError for another magic, a rank or a length out of range.
[[nodiscard]] GreetingHeader decode_greeting(std::span<const std::byte, kGreetingHeader> bytes);

/// `text` without what would break a line or a terminal, at most kLongestText bytes.
[[nodiscard]] std::string printable(std::string text);

}  // namespace asyndgan::transport::net
