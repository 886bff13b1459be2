// SPDX-License-Identifier: Apache-2.0
#include "net/greeting.hpp"

#include <algorithm>
#include <limits>

#include "link/little_endian.hpp"

namespace asyndgan::transport::net {
namespace {

constexpr std::uint64_t kMagic = 0x54474441;  // "ADGT"

}  // namespace

std::vector<std::byte> encode(const Greeting& greeting) {
  std::vector<std::byte> bytes(kGreetingHeader + greeting.text.size());
  const std::span<std::byte> all(bytes);
  put(kMagic, all.subspan(0, 4));
  put(kVersion, all.subspan(4, 2));
  put(greeting.text.size(), all.subspan(6, 2));
  put(static_cast<std::uint64_t>(greeting.number), all.subspan(8, 4));
  std::transform(greeting.text.begin(), greeting.text.end(), bytes.begin() + kGreetingHeader,
                 [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

GreetingHeader decode_greeting(std::span<const std::byte, kGreetingHeader> bytes) {
  if (get(bytes.subspan<0, 4>()) != kMagic) {
    throw TransportError("its first bytes are not this library's greeting");
  }
  const auto version = get(bytes.subspan<4, 2>());
  if (version != kVersion) {
    throw VersionError("the site speaks version " + std::to_string(version) +
                       " of the transport, the centre version " + std::to_string(kVersion));
  }
  const auto number = get(bytes.subspan<8, 4>());
  if (number > static_cast<std::uint64_t>(std::numeric_limits<Peer>::max())) {
    throw TransportError("its greeting has the number " + std::to_string(number));
  }
  const GreetingHeader header{.text = static_cast<std::size_t>(get(bytes.subspan<6, 2>())),
                              .number = static_cast<Peer>(number)};
  if (header.text > kLongestText) {
    throw TransportError("its greeting has a text of " + std::to_string(header.text) +
                         " bytes, at most " + std::to_string(kLongestText) + " expected");
  }
  return header;
}

std::string printable(std::string text) {
  if (text.size() > kLongestText) text.resize(kLongestText);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, '?');
  return text;
}

}  // namespace asyndgan::transport::net
