// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/protocol/encoding.hpp"

namespace asyndgan::protocol::encodings {

/// Another encoding's bytes in one zstd frame, lossless: u64 length, the frame. Pays where values
/// repeat, as flags, masks and smooth images in few levels do; not for float32.
template <Encoding E>
class Zstd {
 public:
  static constexpr std::uint8_t kCode = 0x80 | E::kCode;

  Zstd() = default;
  explicit Zstd(E inner) : inner_(std::move(inner)) {}

  [[nodiscard]] std::string describe() const { return inner_.describe() + "+zstd"; }

  /// Reached by what does not compress.
  [[nodiscard]] std::uint64_t most_bytes(const Shape& shape) const {
    return sizeof(std::uint64_t) + ZSTD_compressBound(inner_.most_bytes(shape));
  }

  void write(const Tensor<float>& values, ByteWriter& writer) const {
    constexpr int kLevel = 1;  // as label maps: what is slower saves little more
    ByteWriter plain;
    inner_.write(values, plain);
    const std::size_t length_at = writer.size();
    writer.number(std::uint64_t{0});
    const std::size_t bound = ZSTD_compressBound(plain.size());
    const auto room = writer.grow(bound);
    const std::uint64_t length =
        ZSTD_compress(room.data(), bound, plain.written().data(), plain.size(), kLevel);
    if (ZSTD_isError(length) != 0) {
      throw Error(std::string("zstd: ") + ZSTD_getErrorName(length));
    }
    writer.shrink(bound - length);
    std::memcpy(writer.written().data() + length_at, &length, sizeof length);
  }

  [[nodiscard]] Tensor<float> read(const Shape& shape, ByteReader& reader) const {
    const auto length = reader.number<std::uint64_t>("packed tensor length");
    const auto packed = reader.raw("packed tensor", length);
    const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
    const bool known = size != ZSTD_CONTENTSIZE_ERROR && size != ZSTD_CONTENTSIZE_UNKNOWN;
    const std::uint64_t most = inner_.most_bytes(shape);
    if (!known || size > most) {  // before memory is taken
      throw ProtocolError("packed tensor unpacks to " +
                          (known ? std::to_string(size) : std::string("an unknown number of")) +
                          " bytes, expected at most " + std::to_string(most));
    }
    std::vector<std::byte> plain(size);
    const std::size_t got =
        ZSTD_decompress(plain.data(), plain.size(), packed.data(), packed.size());
    if (ZSTD_isError(got) != 0 || got != plain.size()) {
      throw ProtocolError(std::string("packed tensor does not unpack: ") +
                          (ZSTD_isError(got) != 0 ? ZSTD_getErrorName(got) : "too few bytes"));
    }
    ByteReader part(plain);
    auto values = inner_.read(shape, part);
    part.expect_end();
    return values;
  }

 private:
  E inner_;
};

}  // namespace asyndgan::protocol::encodings
