// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zstd.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/privacy/host_tensor.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "asyndgan/protocol/limits.hpp"

namespace asyndgan::protocol::detail {

// The parts that messages are made of, byte by byte as docs/wire_format.md has them.

enum class Packing : std::uint8_t { raw = 0, zstd = 1 };

/// n * h * w or n * c * h * w of values that were held against limits, in 64 bits.
[[nodiscard]] inline std::uint64_t product(const char* field,
                                           std::initializer_list<std::uint64_t> extents) {
  std::uint64_t result = 1;
  for (const std::uint64_t extent : extents) {
    if (__builtin_mul_overflow(result, extent, &result)) {
      throw ProtocolError(std::string(field) + " has more elements than 64 bits can count");
    }
  }
  return result;
}

inline void write_tensor(const privacy::HostTensor& tensor, ByteWriter& writer) {
  std::visit(
      [&writer](const auto& held) {
        const Shape& shape = held.shape();
        writer.number(static_cast<std::uint8_t>(sizeof(held.values()[0])));
        for (const int extent : {shape.n, shape.c, shape.h, shape.w}) {
          writer.number(static_cast<std::uint32_t>(extent));
        }
        writer.raw(held.data(), held.bytes());
      },
      tensor.storage());
}

template <std::floating_point T>
[[nodiscard]] privacy::HostTensor read_values(const Shape& shape, std::uint64_t count,
                                              ByteReader& reader) {
  const auto bytes = reader.raw("tensor values", count * sizeof(T));
  auto tensor = Tensor<T>::uninitialized(shape);
  if (!bytes.empty()) std::memcpy(tensor.data(), bytes.data(), bytes.size());
  return privacy::HostTensor(std::move(tensor));
}

[[nodiscard]] inline privacy::HostTensor read_tensor(ByteReader& reader, const Limits& limits) {
  const auto width = reader.number<std::uint8_t>("tensor precision");
  if (width != sizeof(float) && width != sizeof(double)) {
    throw ProtocolError("tensor precision is " + std::to_string(width) +
                        " bytes, expected 4 (float32) or 8 (float64)");
  }
  const auto n = reader.number<std::uint32_t>("tensor batch", 1, limits.batch);
  const auto c = reader.number<std::uint32_t>("tensor channels", 1, limits.channels);
  const auto h = reader.number<std::uint32_t>("tensor height", 1, limits.height);
  const auto w = reader.number<std::uint32_t>("tensor width", 1, limits.width);
  const std::uint64_t count = product("tensor", {n, c, h, w, width}) / width;
  const Shape shape{static_cast<int>(n), static_cast<int>(c), static_cast<int>(h),
                    static_cast<int>(w)};
  return width == sizeof(float) ? read_values<float>(shape, count, reader)
                                : read_values<double>(shape, count, reader);
}

inline void write_label_map(const LabelMap& map, bool compress, ByteWriter& writer) {
  const std::size_t packing_at = writer.size();
  writer.number(static_cast<std::uint8_t>(Packing::raw));
  for (const int extent : {map.n, map.h, map.w}) writer.number(static_cast<std::uint32_t>(extent));
  const std::size_t length_at = writer.size();
  std::uint64_t length = map.labels.size();
  writer.number(length);
  if (compress && !map.labels.empty()) {
    constexpr int kLevel = 1;
    const std::size_t bound = ZSTD_compressBound(map.labels.size());
    const auto room = writer.grow(bound);
    const std::size_t packed =
        ZSTD_compress(room.data(), bound, map.labels.data(), map.labels.size(), kLevel);
    if (ZSTD_isError(packed) == 0 && packed < map.labels.size()) {
      writer.shrink(bound - packed);
      length = packed;
      std::memcpy(writer.written().data() + length_at, &length, sizeof length);
      writer.written()[packing_at] = static_cast<std::byte>(Packing::zstd);
      return;
    }
    writer.shrink(bound);
  }
  writer.raw(map.labels.data(), map.labels.size());
}

/// Unpacks exactly `to.size()` bytes. What the stream says of its size is checked first.
inline void unpack(std::span<const std::byte> from, std::span<std::uint8_t> to) {
  const unsigned long long declared = ZSTD_getFrameContentSize(from.data(), from.size());
  if (declared != to.size()) {
    throw ProtocolError("label map unpacks to " +
                        (declared >= ZSTD_CONTENTSIZE_ERROR ? std::string("an unknown number of")
                                                            : std::to_string(declared)) +
                        " bytes, expected " + std::to_string(to.size()));
  }
  const std::size_t got = ZSTD_decompress(to.data(), to.size(), from.data(), from.size());
  if (ZSTD_isError(got) != 0 || got != to.size()) {
    throw ProtocolError(std::string("label map does not unpack: ") +
                        (ZSTD_isError(got) != 0 ? ZSTD_getErrorName(got) : "too few bytes"));
  }
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

[[nodiscard]] inline LabelMap read_label_map(ByteReader& reader, const Limits& limits) {
  const auto packing = reader.number<std::uint8_t>("label map packing", 0, 1);
  const auto n = reader.number<std::uint32_t>("label map batch", 1, limits.batch);
  const auto h = reader.number<std::uint32_t>("label map height", 1, limits.height);
  const auto w = reader.number<std::uint32_t>("label map width", 1, limits.width);
  const std::uint64_t count = product("label map", {n, h, w});
  const auto length = reader.number<std::uint64_t>("label map length");
  const bool raw = packing == static_cast<std::uint8_t>(Packing::raw);
  if (raw ? length != count : length >= count) {
    throw ProtocolError("label map length is " + std::to_string(length) + ", expected " +
                        (raw ? "" : "below ") + std::to_string(count));
  }
  const auto bytes = reader.raw("label map", length);
  if (count > limits.message) {  // a small stream may claim to unpack to much
    throw ProtocolError("label map has " + std::to_string(count) + " pixels, expected at most " +
                        std::to_string(limits.message));
  }
  LabelMap map(static_cast<int>(n), static_cast<int>(h), static_cast<int>(w));
  if (raw) {
    std::memcpy(map.labels.data(), bytes.data(), bytes.size());
  } else {
    unpack(bytes, map.labels);
  }
  require_classes(map, limits.classes);
  return map;
}

inline void write_losses(const privacy::Losses& losses, ByteWriter& writer) {
  writer.real(losses.discriminator_real);
  writer.real(losses.discriminator_fake);
  writer.real(losses.generator);
  writer.number(losses.samples);
}

[[nodiscard]] inline privacy::Losses read_losses(ByteReader& reader) {
  privacy::Losses losses;
  losses.discriminator_real = reader.real("loss of D on real images");
  losses.discriminator_fake = reader.real("loss of D on fakes");
  losses.generator = reader.real("loss of G");
  losses.samples = reader.number<std::uint64_t>("samples behind the losses");
  return losses;
}

inline void write_facts(const privacy::SiteFacts& facts, ByteWriter& writer) {
  writer.number(facts.samples);
  writer.number(static_cast<std::uint32_t>(facts.channels.size()));
  for (const auto& channel : facts.channels) writer.text(channel);
  writer.number(facts.available);
  writer.number(facts.classes);
  writer.number(facts.height);
  writer.number(facts.width);
}

[[nodiscard]] inline privacy::SiteFacts read_facts(ByteReader& reader, const Limits& limits) {
  privacy::SiteFacts facts;
  facts.samples = reader.number<std::uint64_t>("sample count");
  const auto channels =
      reader.number<std::uint32_t>("channel names", 0, std::min(limits.names, 32U));
  for (std::uint32_t i = 0; i < channels; ++i) {
    facts.channels.push_back(reader.text("channel name", limits.text));
  }
  const std::uint64_t every = (std::uint64_t{1} << channels) - 1;
  facts.available = reader.number<std::uint32_t>("channels available", 0, every);
  facts.classes = reader.number<std::uint32_t>("classes", 1, 256);
  facts.height = reader.number<std::uint32_t>("image height");
  facts.width = reader.number<std::uint32_t>("image width");
  return facts;
}

}  // namespace asyndgan::protocol::detail
