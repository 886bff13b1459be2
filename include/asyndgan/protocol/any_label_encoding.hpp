// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "asyndgan/protocol/encodings/packed_labels.hpp"
#include "asyndgan/protocol/encodings/raw_labels.hpp"
#include "asyndgan/protocol/encodings/zstd_labels.hpp"
#include "asyndgan/protocol/label_encoding.hpp"
#include "asyndgan/protocol/limits.hpp"
#include "asyndgan/protocol/payload.hpp"

namespace asyndgan::protocol {

/// A LabelEncoding chosen at run time; zstd unless another one is.
class AnyLabelEncoding {
 public:
  AnyLabelEncoding() = default;

  /// That of a code on the wire, E::kCode. `classes` is what packed labels count with.
  ///
  /// Errors  ProtocolError for a code that stands for none.
  [[nodiscard]] static AnyLabelEncoding of(std::uint8_t code, std::uint32_t classes = 256) {
    AnyLabelEncoding found;
    switch (code) {
      case encodings::RawLabels::kCode:
        found.held_ = encodings::RawLabels();
        return found;
      case encodings::ZstdLabels::kCode:
        return found;
      case encodings::PackedLabels::kCode:
        found.held_ = encodings::PackedLabels(classes);
        return found;
      default:
        throw ProtocolError("label map encoding is " + std::to_string(code) +
                            ", expected 0 to 2: raw, zstd or packed");
    }
  }

  [[nodiscard]] std::uint8_t code() const {
    return std::visit([](const auto& encoding) { return std::decay_t<decltype(encoding)>::kCode; },
                      held_);
  }
  [[nodiscard]] std::string describe() const {
    return std::visit([](const auto& encoding) { return encoding.describe(); }, held_);
  }

  /// Code, extents and pixels, these as they are where that is no longer.
  void write(const LabelMap& map, ByteWriter& writer) const {
    const std::size_t code_at = writer.size();
    writer.number(code());
    for (const int extent : {map.n, map.h, map.w}) {
      writer.number(static_cast<std::uint32_t>(extent));
    }
    const auto write_pixels = [&](const auto& encoding) { return encoding.write(map, writer); };
    if (std::visit(write_pixels, held_)) return;
    writer.written()[code_at] = std::byte{encodings::RawLabels::kCode};
    encodings::RawLabels().write(map, writer);
  }

  /// What any wrote. Throws ProtocolError.
  [[nodiscard]] static LabelMap read(ByteReader& reader, const Limits& limits) {
    const auto encoding = of(reader.number<std::uint8_t>("label map encoding"));
    LabelMap map;
    map.n = detail::extent(reader, "label map batch", limits.batch);
    map.h = detail::extent(reader, "label map height", limits.height);
    map.w = detail::extent(reader, "label map width", limits.width);
    const std::uint64_t count = detail::product("label map", {map.n, map.h, map.w});
    if (count > limits.message) {
      throw ProtocolError("label map has " + std::to_string(count) + " pixels, expected at most " +
                          std::to_string(limits.message));
    }
    std::visit([&](const auto& held) { held.read(map, reader, limits); }, encoding.held_);
    return map;
  }

 private:
  std::variant<encodings::ZstdLabels, encodings::RawLabels, encodings::PackedLabels> held_;
};

}  // namespace asyndgan::protocol
