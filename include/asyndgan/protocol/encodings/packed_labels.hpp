// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "asyndgan/protocol/label_encoding.hpp"

namespace asyndgan::protocol::encodings {

/// Bits that one of `classes` numbers, 2 to 256, takes; 1 for a single class.
[[nodiscard]] constexpr unsigned label_bits(std::uint32_t classes) {
  return std::max(1U, static_cast<unsigned>(std::bit_width(classes - 1)));
}

/// u32 classes, then the pixels in N·H·W order, label_bits(classes) bits each in the lowest ones
/// that are free, with zeros up to the last byte. Longer than a zstd frame of a smooth map, but its
/// length is the same for every map: who counts the bytes of an encrypted line learns nothing of
/// the anatomy.
class PackedLabels {
 public:
  static constexpr std::uint8_t kCode = 2;

  PackedLabels() = default;

  /// Throws ContractViolation unless 1 <= classes <= 256.
  explicit PackedLabels(std::uint32_t classes) : classes_(classes) {
    if (classes < 1 || classes > 256) {
      throw ContractViolation("packed labels: " + std::to_string(classes) +
                              " classes given, expected 1 to 256");
    }
  }

  [[nodiscard]] std::string describe() const { return "packed"; }

  /// Throws ContractViolation unless every label is below the number of classes.
  bool write(const LabelMap& map, ByteWriter& writer) const {
    const auto largest = std::max_element(map.labels.begin(), map.labels.end());
    if (largest != map.labels.end() && *largest >= classes_) {
      throw ContractViolation("packed labels: label " + std::to_string(*largest) +
                              " given, expected below " + std::to_string(classes_));
    }
    writer.number(classes_);
    const unsigned bits = label_bits(classes_);
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
    return true;
  }

  void read(LabelMap& map, ByteReader& reader, const Limits& limits) const {
    const auto classes = reader.number<std::uint32_t>("label map classes", 1,
                                                      std::min<std::uint32_t>(limits.classes, 256));
    const unsigned bits = label_bits(classes);
    const std::size_t count = detail::pixels(map);
    const std::size_t whole = count / 8 * bits;  // groups of eight; no product that could wrap
    const auto packed = reader.raw("label map", whole + (count % 8 * bits + 7) / 8);
    map.labels.resize(count);
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
  }

 private:
  std::uint32_t classes_ = 256;
};
static_assert(LabelEncoding<PackedLabels>);

}  // namespace asyndgan::protocol::encodings
