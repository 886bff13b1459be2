// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "asyndgan/protocol/limits.hpp"

namespace asyndgan::protocol {

/// How the pixels of a label map are written; none loses anything.
///
/// Requires  for read(), a map whose extents were held against the receiver's limits and which
///           has no pixels yet.
/// Ensures   kCode names the encoding on the wire, and a default one reads what any wrote;
///           write() returns false, and has written nothing, where the pixels themselves are no
///           longer; read() takes memory only once the bytes are there, and gives labels below
///           the receiver's number of classes.
/// Errors    read(): ProtocolError naming the field.
/// Threads   const, any number at once.
///
/// Models    encodings/: RawLabels, ZstdLabels, PackedLabels.
template <class E>
concept LabelEncoding = std::copyable<E> && std::default_initializable<E> &&
    requires(const E& encoding, const LabelMap& map, LabelMap& empty, ByteWriter& writer,
             ByteReader& reader, const Limits& limits) {
  {std::integral_constant<std::uint8_t, E::kCode>{}};
  { encoding.describe() } -> std::same_as<std::string>;
  { encoding.write(map, writer) } -> std::same_as<bool>;
  { encoding.read(empty, reader, limits) } -> std::same_as<void>;
};

namespace detail {

/// Pixels of a map, whether it has them yet or not.
[[nodiscard]] inline std::size_t pixels(const LabelMap& map) {
  return static_cast<std::size_t>(map.n) * map.plane();
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

}  // namespace detail

}  // namespace asyndgan::protocol
