// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/kernels/quantize.hpp"
#include "asyndgan/protocol/encoding.hpp"
#include "asyndgan/protocol/encodings/bfloat16.hpp"

namespace asyndgan::protocol::encodings {

/// For gradients: of each image the share of values with the largest magnitudes, as bfloat16; the
/// others become 0. u32 K, then for each image a bit a value, the first in the lowest bit of the
/// first byte, that says which, and K values in their order. Of values of one magnitude the first
/// ones stay.
class TopK {
 public:
  static constexpr std::uint8_t kCode = 20;

  TopK() = default;

  /// Throws ContractViolation unless 0 < share <= 1. At least one value of an image is sent.
  explicit TopK(double share) : share_(share) {
    if (!(share > 0 && share <= 1)) {
      throw ContractViolation("top-k: share " + std::to_string(share) +
                              " given, expected above 0 and at most 1");
    }
  }

  [[nodiscard]] std::string describe() const { return "top_k(" + std::to_string(share_) + ")"; }

  /// For the share of this object; a default one, with share 1, bounds all.
  [[nodiscard]] std::uint64_t most_bytes(const Shape& shape) const {
    const std::size_t size = detail::image_size(shape);
    return sizeof(std::uint32_t) +
           static_cast<std::uint64_t>(shape.n) * (flag_bytes(size) + kept(size) * 2);
  }

  void write(const Tensor<float>& values, ByteWriter& writer) const {
    const std::size_t size = detail::image_size(values.shape());
    writer.number(static_cast<std::uint32_t>(kept(size)));
    for (std::size_t at = 0; at < values.size(); at += size) {
      write_image(values.values().subspan(at, size), writer);
    }
  }

  [[nodiscard]] Tensor<float> read(const Shape& shape, ByteReader& reader) const {
    const std::size_t size = detail::image_size(shape);
    const auto count = reader.number<std::uint32_t>("tensor values kept", 0, size);
    const std::uint64_t each = flag_bytes(size) + std::uint64_t{count} * 2;
    ByteReader part(reader.raw("tensor values", static_cast<std::uint64_t>(shape.n) * each));
    Tensor<float> values(shape);
    for (std::size_t at = 0; at < values.size(); at += size) {
      read_image(values.values().subspan(at, size), count, part);
    }
    return values;
  }

 private:
  static std::size_t flag_bytes(std::size_t size) { return (size + 7) / 8; }

  [[nodiscard]] std::size_t kept(std::size_t size) const {
    return static_cast<std::size_t>(std::ceil(share_ * static_cast<double>(size)));
  }

  /// The least magnitude that stays, as bits, and how many values of just that magnitude do.
  [[nodiscard]] static std::pair<std::uint32_t, std::size_t> threshold(std::span<const float> image,
                                                                       std::size_t count) {
    std::vector<std::uint32_t> sizes(image.size());
    std::transform(image.begin(), image.end(), sizes.begin(),
                   kernels::QuantizeReference::magnitude_bits);
    const auto last = sizes.begin() + static_cast<std::ptrdiff_t>(count) - 1;
    std::nth_element(sizes.begin(), last, sizes.end(), std::greater<>());
    const auto above = std::count_if(sizes.begin(), last, [&](auto bits) { return bits > *last; });
    return {*last, count - static_cast<std::size_t>(above)};
  }

  void write_image(std::span<const float> image, ByteWriter& writer) const {
    detail::require_finite(kernels::largest_magnitude_bits(image), "top-k");
    const std::size_t count = kept(image.size());
    auto [least, ties] = threshold(image, count);
    const std::size_t flags = flag_bytes(image.size());
    const auto to = writer.grow(flags + count * 2);
    std::size_t at = flags;
    for (std::size_t i = 0; i < image.size(); ++i) {
      const std::uint32_t bits = kernels::QuantizeReference::magnitude_bits(image[i]);
      if (bits < least || (bits == least && ties == 0)) continue;
      if (bits == least) --ties;
      to[i / 8] |= static_cast<std::byte>(1U << (i % 8));
      const std::uint16_t code = to_bfloat16(image[i]);
      std::memcpy(&to[at], &code, sizeof code);
      at += sizeof code;
    }
  }

  static void read_image(std::span<float> image, std::size_t count, ByteReader& reader) {
    const auto flags = reader.raw("tensor flags", flag_bytes(image.size()));
    const auto codes = reader.raw("tensor codes", count * 2);
    std::size_t set = 0;
    for (const std::byte flag : flags) {
      set += static_cast<std::size_t>(std::popcount(static_cast<std::uint8_t>(flag)));
    }
    const std::size_t spare = flags.size() * 8 - image.size();
    const bool beyond = spare > 0 && static_cast<unsigned>(flags.back()) >> (8 - spare) != 0;
    if (set != count || beyond) {
      throw ProtocolError("tensor flags name " + std::to_string(set) + " values" +
                          (beyond ? ", some behind the last one" : "") + ", expected " +
                          std::to_string(count));
    }
    std::size_t at = 0;
    for (std::size_t i = 0; i < image.size(); ++i) {
      if ((static_cast<unsigned>(flags[i / 8]) >> (i % 8) & 1) == 0) continue;
      std::uint16_t code = 0;
      std::memcpy(&code, &codes[at], sizeof code);
      image[i] = from_bfloat16(code);
      at += sizeof code;
    }
  }

  double share_ = 1;
};
static_assert(Encoding<TopK>);

}  // namespace asyndgan::protocol::encodings
