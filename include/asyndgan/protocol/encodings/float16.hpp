// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <string>

#include "asyndgan/protocol/encoding.hpp"

namespace asyndgan::protocol::encodings {

/// The nearest IEEE 754 binary16, ties to even. From 65520 on, infinity; NaN stays one, quiet.
[[nodiscard]] inline std::uint16_t to_float16(float value) {
  constexpr std::uint32_t kSmallestNormal = 113U << 23;  // 2^-14
  constexpr std::uint32_t kBeyond = 143U << 23;          // 2^16, from where all is infinite
  constexpr std::uint32_t kBiases = (127U - 15U) << 23;  // of the exponents
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits & 0x80000000;
  const std::uint32_t size = bits ^ sign;
  // 13 bits of the fraction go. Adding just under half of the last that stays, and that one, is
  // to round to even; a carry into the exponent is right as it is.
  const std::uint32_t normal = (size - kBiases + 0xFFF + ((size >> 13) & 1)) >> 13;
  // 0.5 has a last bit of 2^-24, the smallest binary16: the addition rounds to it.
  const std::uint32_t small = std::bit_cast<std::uint32_t>(std::bit_cast<float>(size) + 0.5F) -
                              std::bit_cast<std::uint32_t>(0.5F);
  const std::uint32_t special =
      size > detail::kInfinityBits ? 0x7E00 | ((size >> 13) & 0x1FF) : 0x7C00;
  const std::uint32_t rounded = size < kSmallestNormal ? small : normal;
  return static_cast<std::uint16_t>((size >= kBeyond ? special : rounded) | (sign >> 16));
}

/// Exactly.
[[nodiscard]] inline float from_float16(std::uint16_t code) {
  constexpr std::uint32_t kSmallestNormal = 113U << 23;
  const std::uint32_t size = static_cast<std::uint32_t>(code & 0x7FFF) << 13;
  const std::uint32_t exponent = size & (0x1FU << 23);
  const std::uint32_t normal = size + ((127U - 15U) << 23);
  // A subnormal is a whole number of 2^-24: behind the point of 2^-14, and 2^-14 off again.
  const std::uint32_t small = std::bit_cast<std::uint32_t>(
      std::bit_cast<float>(size + kSmallestNormal) - std::bit_cast<float>(kSmallestNormal));
  const std::uint32_t special = size | detail::kInfinityBits;
  const std::uint32_t finite = exponent == 0 ? small : normal;
  return std::bit_cast<float>((exponent == (0x1FU << 23) ? special : finite) |
                              static_cast<std::uint32_t>(code & 0x8000) << 16);
}

/// IEEE 754 binary16, 2 bytes a value. For images in [-1, 1] the error is at most 2^-12; for
/// values below 3e-8, as gradients of means over pixels can be, nothing is left. NaN and infinity
/// are carried, and values from 65520 on become infinite.
struct Float16 {
  static constexpr std::uint8_t kCode = 16;

  [[nodiscard]] std::string describe() const { return "float16"; }
  [[nodiscard]] std::uint64_t most_bytes(const Shape& shape) const { return shape.size() * 2; }
  void write(const Tensor<float>& values, ByteWriter& writer) const {
    detail::write_codes<std::uint16_t>(values.values(), writer, to_float16);
  }
  [[nodiscard]] Tensor<float> read(const Shape& shape, ByteReader& reader) const {
    return detail::read_tensor_of<std::uint16_t>(shape, reader, from_float16);
  }
};
static_assert(Encoding<Float16>);

}  // namespace asyndgan::protocol::encodings
