// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "asyndgan/protocol/limits.hpp"

namespace asyndgan::protocol::detail {

// The parts that messages are made of, byte by byte as docs/wire_format.md has them.

enum class Packing : std::uint8_t { raw = 0, zstd = 1 };

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

inline void write_label_map(const LabelMap& map, bool compress, ByteWriter& writer) {
  const std::size_t packing_at = writer.size();
  writer.number(static_cast<std::uint8_t>(Packing::raw));
  for (const int extent : {map.n, map.h, map.w}) writer.number(static_cast<std::uint32_t>(extent));
  const std::size_t length_at = writer.size();
  std::uint64_t length = map.labels.size();
  writer.number(length);
  if (compress && !map.labels.empty()) {
    constexpr int kLevel = 1;
    const std::size_t bound = ZSTD_compressBound(map.labels.size());
    const auto room = writer.grow(bound);
    const std::size_t packed =
        ZSTD_compress(room.data(), bound, map.labels.data(), map.labels.size(), kLevel);
    if (ZSTD_isError(packed) == 0 && packed < map.labels.size()) {
      writer.shrink(bound - packed);
      length = packed;
      std::memcpy(writer.written().data() + length_at, &length, sizeof length);
      writer.written()[packing_at] = static_cast<std::byte>(Packing::zstd);
      return;
    }
    writer.shrink(bound);
  }
  writer.raw(map.labels.data(), map.labels.size());
}

/// What a packed stream says it unpacks to is `count` bytes and no more than a message may have:
/// a few bytes can unpack to very many.
inline void require_unpacked_size(std::span<const std::byte> packed, std::uint64_t count,
                                  const Limits& limits) {
  if (count > limits.message) {
    throw ProtocolError("label map has " + std::to_string(count) + " pixels, expected at most " +
                        std::to_string(limits.message));
  }
  const unsigned long long declared = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (declared == count) return;
  const bool known = declared != ZSTD_CONTENTSIZE_ERROR && declared != ZSTD_CONTENTSIZE_UNKNOWN;
  throw ProtocolError("label map unpacks to " +
                      (known ? std::to_string(declared) : std::string("an unknown number of")) +
                      " bytes, expected " + std::to_string(count));
}

inline void unpack(std::span<const std::byte> packed, std::span<std::uint8_t> to) {
  const std::size_t got = ZSTD_decompress(to.data(), to.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) == 0 && got == to.size()) return;
  throw ProtocolError(std::string("label map does not unpack: ") +
                      (ZSTD_isError(got) != 0 ? ZSTD_getErrorName(got) : "too few bytes"));
}

inline void require_classes(const LabelMap& map, std::uint32_t classes) {
  for (std::size_t i = 0; i < map.labels.size(); ++i) {
    if (map.labels[i] >= classes) {
      throw ProtocolError("label at pixel " + std::to_string(i) + " is " +
                          std::to_string(map.labels[i]) + ", expected below " +
                          std::to_string(classes) + " classes");
    }
  }
}

[[nodiscard]] inline LabelMap read_label_map(ByteReader& reader, const Limits& limits) {
  const auto packing = reader.number<std::uint8_t>("label map packing", 0, 1);
  const int n = extent(reader, "label map batch", limits.batch);
  const int h = extent(reader, "label map height", limits.height);
  const int w = extent(reader, "label map width", limits.width);
  const std::uint64_t count = product("label map", {n, h, w});
  const auto length = reader.number<std::uint64_t>("label map length");
  const bool raw = packing == static_cast<std::uint8_t>(Packing::raw);
  if (raw ? length != count : length >= count) {
    throw ProtocolError("label map length is " + std::to_string(length) + ", expected " +
                        (raw ? "" : "below ") + std::to_string(count));
  }
  const auto bytes = reader.raw("label map", length);
  if (!raw) require_unpacked_size(bytes, count, limits);  // before memory is taken
  LabelMap map(n, h, w);
  if (raw) {
    std::memcpy(map.labels.data(), bytes.data(), bytes.size());
  } else {
    unpack(bytes, map.labels);
  }
  require_classes(map, limits.classes);
  return map;
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
