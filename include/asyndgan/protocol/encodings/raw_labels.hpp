// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "asyndgan/protocol/label_encoding.hpp"

namespace asyndgan::protocol::encodings {

/// u64 length, a byte a pixel.
struct RawLabels {
  static constexpr std::uint8_t kCode = 0;

  [[nodiscard]] std::string describe() const { return "raw"; }

  bool write(const LabelMap& map, ByteWriter& writer) const {
    writer.number(static_cast<std::uint64_t>(map.labels.size()));
    writer.raw(map.labels.data(), map.labels.size());
    return true;
  }

  void read(LabelMap& map, ByteReader& reader, const Limits& limits) const {
    const std::uint64_t count = detail::pixels(map);
    const auto length = reader.number<std::uint64_t>("label map length");
    if (length != count) {
      throw ProtocolError("label map length is " + std::to_string(length) + ", expected " +
                          std::to_string(count));
    }
    const auto bytes = reader.raw("label map", length);
    map.labels.resize(bytes.size());
    std::memcpy(map.labels.data(), bytes.data(), bytes.size());
    detail::require_classes(map, limits.classes);
  }
};
static_assert(LabelEncoding<RawLabels>);

}  // namespace asyndgan::protocol::encodings
