// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "asyndgan/protocol/label_encoding.hpp"

namespace asyndgan::protocol::encodings {

/// u64 length, one zstd frame: a few bytes for smooth maps, as anatomy is.
struct ZstdLabels {
  static constexpr std::uint8_t kCode = 1;

  [[nodiscard]] std::string describe() const { return "zstd"; }

  bool write(const LabelMap& map, ByteWriter& writer) const {
    constexpr int kLevel = 1;  // what is slower saves little more
    const std::size_t before = writer.size();
    writer.number(std::uint64_t{0});
    const std::size_t bound = ZSTD_compressBound(map.labels.size());
    const auto room = writer.grow(bound);
    const std::uint64_t length =
        ZSTD_compress(room.data(), bound, map.labels.data(), map.labels.size(), kLevel);
    if (ZSTD_isError(length) != 0 || length >= map.labels.size()) {
      writer.shrink(writer.size() - before);
      return false;
    }
    writer.shrink(bound - length);
    std::memcpy(&writer.written()[before], &length, sizeof length);
    return true;
  }

  void read(LabelMap& map, ByteReader& reader, const Limits& limits) const {
    const std::uint64_t count = detail::pixels(map);
    const auto length = reader.number<std::uint64_t>("label map length");
    if (length >= count) {
      throw ProtocolError("label map length is " + std::to_string(length) + ", expected below " +
                          std::to_string(count));
    }
    const auto packed = reader.raw("label map", length);
    require_unpacked_size(packed, count);  // before memory is taken
    map.labels.resize(count);
    const std::size_t got = ZSTD_decompress(map.labels.data(), count, packed.data(), packed.size());
    if (ZSTD_isError(got) != 0 || got != count) {
      throw ProtocolError(std::string("label map does not unpack: ") +
                          (ZSTD_isError(got) != 0 ? ZSTD_getErrorName(got) : "too few bytes"));
    }
    detail::require_classes(map, limits.classes);
  }

 private:
  /// A few bytes can unpack to very many.
  static void require_unpacked_size(std::span<const std::byte> packed, std::uint64_t count) {
    const unsigned long long declared = ZSTD_getFrameContentSize(packed.data(), packed.size());
    if (declared == count) return;
    const bool known = declared != ZSTD_CONTENTSIZE_ERROR && declared != ZSTD_CONTENTSIZE_UNKNOWN;
    throw ProtocolError("label map unpacks to " +
                        (known ? std::to_string(declared) : std::string("an unknown number of")) +
                        " bytes, expected " + std::to_string(count));
  }
};
static_assert(LabelEncoding<ZstdLabels>);

}  // namespace asyndgan::protocol::encodings
