// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/privacy/host_tensor.hpp"
#include "asyndgan/protocol/any_encoding.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "asyndgan/protocol/limits.hpp"
#include "asyndgan/protocol/payload.hpp"

namespace asyndgan::protocol::detail {

// A tensor in a message, byte by byte as docs/wire_format.md has it.

/// The code of values in double precision, which have no other encoding.
inline constexpr std::uint8_t kFloat64 = 8;

inline void write_tensor(const privacy::HostTensor& tensor, const AnyEncoding& encoding,
                         ByteWriter& writer) {
  if (const auto* values = std::get_if<Tensor<float>>(&tensor.storage())) {
    encoding.write(*values, writer);
    return;
  }
  const auto& values = std::get<Tensor<double>>(tensor.storage());
  const Shape& shape = values.shape();
  writer.number(kFloat64);
  for (const int extent : {shape.n, shape.c, shape.h, shape.w}) {
    writer.number(static_cast<std::uint32_t>(extent));
  }
  writer.raw(values.data(), values.bytes());
}

/// In whatever encoding it comes.
[[nodiscard]] inline privacy::HostTensor read_tensor(ByteReader& reader, const Limits& limits) {
  const auto code = reader.number<std::uint8_t>("tensor encoding");
  const AnyEncoding encoding = code == kFloat64 ? AnyEncoding() : AnyEncoding::of(code);
  const Shape shape = read_extents(reader, limits);
  const std::uint64_t bytes =
      unpacked_bytes(shape, code == kFloat64 ? sizeof(double) : sizeof(float), limits);
  if (code != kFloat64) return privacy::HostTensor(encoding.read(shape, reader));
  const auto raw = reader.raw("tensor values", bytes);  // before memory is taken
  auto values = Tensor<double>::uninitialized(shape);
  if (!raw.empty()) std::memcpy(values.data(), raw.data(), raw.size());
  return privacy::HostTensor(std::move(values));
}

}  // namespace asyndgan::protocol::detail
