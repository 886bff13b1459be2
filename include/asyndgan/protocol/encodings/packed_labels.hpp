// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "asyndgan/protocol/limits.hpp"
#include "asyndgan/protocol/payload.hpp"

namespace asyndgan::protocol::encodings {

/// Bits that one of `classes` numbers, 2 to 256, takes; 1 for a single class.
[[nodiscard]] constexpr unsigned label_bits(std::uint32_t classes) {
  return std::max(1U, static_cast<unsigned>(std::bit_width(classes - 1)));
}

/// A label map in label_bits(classes) bits a pixel, lossless: u32 classes, u32 N, H, W, then the
/// pixels in N·H·W order, each in the lowest bits that are free, with zeros up to the last byte.
/// Throws ContractViolation unless 1 <= classes <= 256 and every label is below it.
inline void write_packed_labels(const LabelMap& map, std::uint32_t classes, ByteWriter& writer) {
  if (classes < 1 || classes > 256) {
    throw ContractViolation("packed labels: " + std::to_string(classes) +
                            " classes given, expected 1 to 256");
  }
  const auto largest = std::max_element(map.labels.begin(), map.labels.end());
  if (largest != map.labels.end() && *largest >= classes) {
    throw ContractViolation("packed labels: label " + std::to_string(*largest) +
                            " given, expected below " + std::to_string(classes));
  }
  writer.number(classes);
  for (const int extent : {map.n, map.h, map.w}) writer.number(static_cast<std::uint32_t>(extent));
  const unsigned bits = label_bits(classes);
  const std::size_t count = map.labels.size();
  std::byte* to = writer.grow((count * bits + 7) / 8).data();
  for (std::size_t at = 0; at < count; at += 8) {  // eight labels are `bits` whole bytes
    const std::size_t here = std::min<std::size_t>(8, count - at);
    std::uint64_t group = 0;
    for (std::size_t i = 0; i < here; ++i) {
      group |= static_cast<std::uint64_t>(map.labels[at + i]) << (i * bits);
    }
    const std::size_t bytes = (here * bits + 7) / 8;
    std::memcpy(to, &group, bytes);
    to += bytes;
  }
}

/// What write_packed_labels() wrote. Throws ProtocolError, for a label that is no class too.
[[nodiscard]] inline LabelMap read_packed_labels(ByteReader& reader, const Limits& limits) {
  const auto classes = reader.number<std::uint32_t>("label map classes", 1,
                                                    std::min<std::uint32_t>(limits.classes, 256));
  const int n = detail::extent(reader, "label map batch", limits.batch);
  const int h = detail::extent(reader, "label map height", limits.height);
  const int w = detail::extent(reader, "label map width", limits.width);
  const unsigned bits = label_bits(classes);
  const std::uint64_t count = detail::product("label map", {n, h, w});
  (void)detail::product("label map", {n, h, w, 8});  // so that the next line cannot wrap
  const auto packed = reader.raw("label map", count * bits / 8 + (count * bits % 8 != 0 ? 1 : 0));
  LabelMap map(n, h, w);
  const std::byte* from = packed.data();
  for (std::size_t at = 0; at < count; at += 8) {
    const std::size_t here = std::min<std::size_t>(8, count - at);
    const std::size_t bytes = (here * bits + 7) / 8;
    std::uint64_t group = 0;
    std::memcpy(&group, from, bytes);
    from += bytes;
    for (std::size_t i = 0; i < here; ++i) {
      map.labels[at + i] = static_cast<std::uint8_t>(group >> (i * bits) & ((1U << bits) - 1));
    }
    if (here * bits < 64 && group >> (here * bits) != 0) {
      throw ProtocolError("label map has bits behind its last pixel, expected zeros");
    }
  }
  detail::require_classes(map, classes);
  return map;
}

}  // namespace asyndgan::protocol::encodings
