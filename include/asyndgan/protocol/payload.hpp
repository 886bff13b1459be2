// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "asyndgan/protocol/limits.hpp"

namespace asyndgan::protocol::detail {

// The parts that messages are made of, byte by byte as docs/wire_format.md has them.

/// An extent of a tensor or a label map, from 1 to `most` and small enough for an int.
[[nodiscard]] inline int extent(ByteReader& reader, const char* field, std::uint32_t most) {
  return static_cast<int>(
      reader.number<std::uint32_t>(field, 1, std::min<std::uint32_t>(most, 0x7FFFFFFF)));
}

/// The product of extents, in 64 bits whatever they are.
[[nodiscard]] inline std::uint64_t product(const char* field, std::initializer_list<int> extents) {
  std::uint64_t result = 1;
  for (const int factor : extents) {
    if (__builtin_mul_overflow(result, static_cast<std::uint64_t>(factor), &result)) {
      throw ProtocolError(std::string(field) + " has more bytes than 64 bits can count");
    }
  }
  return result;
}

inline void write_losses(const privacy::Losses& losses, ByteWriter& writer) {
  writer.real(losses.discriminator_real);
  writer.real(losses.discriminator_fake);
  writer.real(losses.generator);
  writer.number(losses.samples);
}

[[nodiscard]] inline privacy::Losses read_losses(ByteReader& reader) {
  privacy::Losses losses;
  losses.discriminator_real = reader.real("loss of D on real images");
  losses.discriminator_fake = reader.real("loss of D on fakes");
  losses.generator = reader.real("loss of G");
  losses.samples = reader.number<std::uint64_t>("samples behind the losses");
  return losses;
}

inline void write_facts(const privacy::SiteFacts& facts, ByteWriter& writer) {
  writer.number(facts.samples);
  writer.number(static_cast<std::uint32_t>(facts.channels.size()));
  for (const auto& channel : facts.channels) writer.text(channel);
  writer.number(facts.available);
  writer.number(facts.classes);
  writer.number(facts.height);
  writer.number(facts.width);
  writer.number(static_cast<std::uint8_t>(facts.sends_label_maps));
}

/// Of samples: sums over sites stay far from what 64 bits hold.
inline constexpr std::uint64_t kLargestCount = 1'000'000'000;

[[nodiscard]] inline privacy::SiteFacts read_facts(ByteReader& reader, const Limits& limits) {
  privacy::SiteFacts facts;
  facts.samples = reader.number<std::uint64_t>("sample count", 0, kLargestCount);
  const auto channels =
      reader.number<std::uint32_t>("channel names", 0, std::min(limits.names, 32U));
  for (std::uint32_t i = 0; i < channels; ++i) {
    facts.channels.push_back(reader.text("channel name", limits.text));
  }
  const std::uint64_t every = (std::uint64_t{1} << channels) - 1;
  facts.available = reader.number<std::uint32_t>("channels available", 0, every);
  facts.classes = reader.number<std::uint32_t>("classes", 1, 256);
  facts.height = reader.number<std::uint32_t>("image height");
  facts.width = reader.number<std::uint32_t>("image width");
  facts.sends_label_maps = reader.number<std::uint8_t>("sends label maps", 0, 1) == 1;
  return facts;
}

}  // namespace asyndgan::protocol::detail
