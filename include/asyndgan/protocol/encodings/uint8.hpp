// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "asyndgan/kernels/quantize.hpp"
#include "asyndgan/protocol/encoding.hpp"

namespace asyndgan::protocol::encodings {

/// For images in [-1, 1], as tanh ends a generator: 256 levels from -1 to 1, 1 byte a value, an
/// error of at most 1/255. What lies outside becomes -1 or 1.
struct Uint8 {
  static constexpr std::uint8_t kCode = 18;

  [[nodiscard]] std::string describe() const { return "uint8"; }
  [[nodiscard]] std::uint64_t most_bytes(const Shape& shape) const { return shape.size(); }
  void write(const Tensor<float>& values, ByteWriter& writer) const {
    detail::require_finite(kernels::largest_magnitude_bits(values.values()), "uint8");
    kernels::to_levels(values.values(), detail::grow_codes<std::uint8_t>(values.size(), writer));
  }
  [[nodiscard]] Tensor<float> read(const Shape& shape, ByteReader& reader) const {
    const auto bytes = reader.raw("tensor values", shape.size());
    auto values = Tensor<float>::uninitialized(shape);
    kernels::from_levels(detail::as_codes<std::uint8_t>(bytes), values.values());
    return values;
  }
};
static_assert(Encoding<Uint8>);

}  // namespace asyndgan::protocol::encodings
