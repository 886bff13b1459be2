// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "asyndgan/protocol/limits.hpp"
#include "asyndgan/protocol/payload.hpp"

namespace asyndgan::protocol {

/// How the values of a float tensor are written: with which bytes, and at which loss.
///
/// Shapes    values (N, C, H, W); one image is one n.
/// Requires  for read(), a shape that was held against the receiver's limits.
/// Ensures   kCode names the encoding on the wire, and a default one reads what any wrote;
///           most_bytes() is the most that write() adds for a shape, exactly that unless the
///           model says otherwise; the bytes are a function of the values alone, on every
///           machine; read() takes memory only once the bytes are there.
/// Errors    read(): ProtocolError naming the field. write(): ContractViolation for a value
///           that is not finite, unless the model says that it carries those.
/// Threads   const, any number at once.
///
/// Models    encodings/: Float32, Float16, Bfloat16, Uint8, Int8, TopK; Zstd<E> wraps any.
template <class E>
concept Encoding = std::copyable<E> && std::default_initializable<E> &&
    requires(const E& encoding, const Tensor<float>& values, const Shape& shape, ByteWriter& writer,
             ByteReader& reader) {
  {std::integral_constant<std::uint8_t, E::kCode>{}};
  { encoding.describe() } -> std::same_as<std::string>;
  { encoding.most_bytes(shape) } -> std::same_as<std::uint64_t>;
  { encoding.write(values, writer) } -> std::same_as<void>;
  { encoding.read(shape, reader) } -> std::same_as<Tensor<float>>;
};

/// Code, extents and values of a tensor.
template <Encoding E>
void write_encoded(const E& encoding, const Tensor<float>& values, ByteWriter& writer) {
  const Shape& shape = values.shape();
  const std::uint32_t extents[] = {
      static_cast<std::uint32_t>(shape.n), static_cast<std::uint32_t>(shape.c),
      static_cast<std::uint32_t>(shape.h), static_cast<std::uint32_t>(shape.w)};
  writer.reserve(writer.size() + 1 + sizeof extents + encoding.most_bytes(shape));
  const auto header = writer.grow(1 + sizeof extents);
  header[0] = std::byte{E::kCode};
  std::memcpy(&header[1], extents, sizeof extents);
  encoding.write(values, writer);
}

namespace detail {

/// (N, C, H, W) of a tensor, each within the limits.
[[nodiscard]] inline Shape read_extents(ByteReader& reader, const Limits& limits) {
  Shape shape;
  shape.n = extent(reader, "tensor batch", limits.batch);
  shape.c = extent(reader, "tensor channels", limits.channels);
  shape.h = extent(reader, "tensor height", limits.height);
  shape.w = extent(reader, "tensor width", limits.width);
  return shape;
}

/// What the tensor takes once it is read, `width` bytes a value: more than arrives, where the
/// encoding is sparse. Throws ProtocolError where that is more than a message may have.
inline std::uint64_t unpacked_bytes(const Shape& shape, std::size_t width, const Limits& limits) {
  const std::uint64_t bytes =
      product("tensor", {shape.n, shape.c, shape.h, shape.w, static_cast<int>(width)});
  if (bytes > limits.message) {
    throw ProtocolError("tensor unpacks to " + std::to_string(bytes) + " bytes, expected at most " +
                        std::to_string(limits.message));
  }
  return bytes;
}

}  // namespace detail

/// What write_encoded() wrote with any E. Throws ProtocolError.
template <Encoding E>
[[nodiscard]] Tensor<float> read_encoded(ByteReader& reader, const Limits& limits) {
  (void)reader.number<std::uint8_t>("tensor encoding", E::kCode, E::kCode);
  const Shape shape = detail::read_extents(reader, limits);
  (void)detail::unpacked_bytes(shape, sizeof(float), limits);
  return E().read(shape, reader);
}

/// Sends with each tensor what the encoding lost of those before it: writes `values` +
/// `residual`, and leaves in `residual`, which belongs to the caller and starts empty, what is
/// lost now. `values` becomes what the receiver reads.
///
/// Over steps the sum of what was sent stays within one residual of the sum of what was to be
/// sent. That helps where the tensors of all steps add up to one thing, as gradients of weights
/// do. dL/dfake of one step belongs to the fakes of that step: there, measure before using it.
///
/// Errors  ShapeError if `residual` is neither empty nor of the shape of `values`.
/// Source  Karimireddy et al. 2019, arXiv:1901.09847, algorithm 1 (EF-SGD).
template <Encoding E>
void write_with_feedback(const E& encoding, Tensor<float>& values, Tensor<float>& residual,
                         ByteWriter& writer) {
  if (residual.empty()) residual = Tensor<float>(values.shape());
  require_shape(residual.shape(), values.shape(), "residual");
  const std::span<float> left = residual.values();
  for (std::size_t i = 0; i < left.size(); ++i) left[i] += values.values()[i];
  const std::size_t before = writer.size();
  encoding.write(residual, writer);
  ByteReader written(writer.written().subspan(before));
  values = encoding.read(values.shape(), written);
  for (std::size_t i = 0; i < left.size(); ++i) left[i] -= values.values()[i];
}

namespace detail {

/// Room for one Code a value, that the caller fills.
template <class Code>
[[nodiscard]] std::span<Code> grow_codes(std::size_t count,
                                         ByteWriter& writer) requires(sizeof(Code) == 1) {
  return {reinterpret_cast<Code*>(writer.grow(count).data()), count};
}
template <class Code>
[[nodiscard]] std::span<const Code> as_codes(std::span<const std::byte> bytes) requires(
    sizeof(Code) == 1) {
  return {reinterpret_cast<const Code*>(bytes.data()), bytes.size()};
}

/// Writes one Code a value, in order. The loop is one that compilers vectorise.
template <class Code, class F>
void write_codes(std::span<const float> values, ByteWriter& writer, const F& code_of) {
  std::byte* const to = writer.grow(values.size() * sizeof(Code)).data();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Code code = code_of(values[i]);
    std::memcpy(to + i * sizeof(Code), &code, sizeof(Code));
  }
}

/// A tensor that is one Code a value.
template <class Code, class F>
[[nodiscard]] Tensor<float> read_tensor_of(const Shape& shape, ByteReader& reader,
                                           const F& value_of) {
  const auto bytes = reader.raw("tensor values", shape.size() * sizeof(Code));
  auto values = Tensor<float>::uninitialized(shape);
  for (std::size_t i = 0; i < values.size(); ++i) {
    Code code;
    std::memcpy(&code, bytes.data() + i * sizeof(Code), sizeof(Code));
    values.values()[i] = value_of(code);
  }
  return values;
}

/// Of the bits of a float without its sign: above are those of NaN.
inline constexpr std::uint32_t kInfinityBits = 0x7F800000;

/// `largest` of kernels::largest_magnitude_bits().
inline void require_finite(std::uint32_t largest, const char* encoding) {
  if (largest >= kInfinityBits) {
    throw ContractViolation(std::string(encoding) +
                            ": a value is NaN or infinite, which it cannot carry");
  }
}

/// The images of a tensor, one after another.
[[nodiscard]] inline std::size_t image_size(const Shape& shape) {
  return shape.n == 0 ? 0 : shape.size() / static_cast<std::size_t>(shape.n);
}

}  // namespace detail

}  // namespace asyndgan::protocol
