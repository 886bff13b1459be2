// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <string>

#include "asyndgan/kernels/quantize.hpp"
#include "asyndgan/protocol/encoding.hpp"

namespace asyndgan::protocol::encodings {

/// The upper half of a float32, rounded to the nearest, ties to even; NaN stays one, quiet.
[[nodiscard]] inline std::uint16_t to_bfloat16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  const std::uint32_t quiet = (bits >> 16) | 0x40;
  const bool nan = kernels::QuantizeReference::magnitude_bits(value) > detail::kInfinityBits;
  return static_cast<std::uint16_t>(nan ? quiet : rounded);
}

/// Exactly.
[[nodiscard]] inline float from_bfloat16(std::uint16_t code) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(code) << 16);
}

/// bfloat16, 2 bytes a value: the range of float32 with 8 bits of precision, an error of at most
/// 2^-9 of the value, however small it is. NaN and infinity are carried.
struct Bfloat16 {
  static constexpr std::uint8_t kCode = 17;

  [[nodiscard]] std::string describe() const { return "bfloat16"; }
  [[nodiscard]] std::uint64_t most_bytes(const Shape& shape) const { return shape.size() * 2; }
  void write(const Tensor<float>& values, ByteWriter& writer) const {
    detail::write_codes<std::uint16_t>(values.values(), writer, to_bfloat16);
  }
  [[nodiscard]] Tensor<float> read(const Shape& shape, ByteReader& reader) const {
    return detail::read_tensor_of<std::uint16_t>(shape, reader, from_bfloat16);
  }
};
static_assert(Encoding<Bfloat16>);

}  // namespace asyndgan::protocol::encodings
