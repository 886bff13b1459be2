// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "asyndgan/protocol/encoding.hpp"

namespace asyndgan::protocol::encodings {

/// For images in [-1, 1], as tanh ends a generator: 256 levels from -1 to 1, 1 byte a value, an
/// error of at most 1/255. What lies outside becomes -1 or 1.
struct Uint8 {
  static constexpr std::uint8_t kCode = 18;

  [[nodiscard]] std::string describe() const { return "uint8"; }
  [[nodiscard]] std::uint64_t most_bytes(const Shape& shape) const { return shape.size(); }
  void write(const Tensor<float>& values, ByteWriter& writer) const {
    detail::require_finite(detail::largest_magnitude_bits(values.values()), "uint8");
    detail::write_codes<std::uint8_t>(values.values(), writer, [](float value) {
      const float inside = value < -1.0F ? -1.0F : value > 1.0F ? 1.0F : value;
      return static_cast<std::uint8_t>(
          detail::to_nearest(static_cast<double>(inside) * 127.5 + 127.5));
    });
  }
  [[nodiscard]] Tensor<float> read(const Shape& shape, ByteReader& reader) const {
    return detail::read_tensor_of<std::uint8_t>(shape, reader, [](std::uint8_t code) {
      return static_cast<float>(2 * code - 255) / 255.0F;
    });
  }
};
static_assert(Encoding<Uint8>);

}  // namespace asyndgan::protocol::encodings
