// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "asyndgan/protocol/encoding.hpp"

namespace asyndgan::protocol::encodings {

/// The values as they are, 4 bytes each: lossless, NaN and infinity included. The layout is that
/// of a float32 tensor of wire version 1.
struct Float32 {
  static constexpr std::uint8_t kCode = 4;

  [[nodiscard]] std::string describe() const { return "float32"; }
  [[nodiscard]] std::uint64_t most_bytes(const Shape& shape) const {
    return shape.size() * sizeof(float);
  }
  void write(const Tensor<float>& values, ByteWriter& writer) const {
    writer.raw(values.data(), values.bytes());
  }
  [[nodiscard]] Tensor<float> read(const Shape& shape, ByteReader& reader) const {
    const auto bytes = reader.raw("tensor values", most_bytes(shape));
    auto values = Tensor<float>::uninitialized(shape);
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
};
static_assert(Encoding<Float32>);

}  // namespace asyndgan::protocol::encodings
