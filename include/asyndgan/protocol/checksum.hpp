// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace asyndgan::protocol {

namespace detail {
/// tables[k][b]: the CRC of byte b followed by k zero bytes.
using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

[[nodiscard]] constexpr CrcTables make_crc_tables() {
  constexpr std::uint32_t kPolynomial = 0x82F63B78;  // Castagnoli, bits reversed
  CrcTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}
inline constexpr CrcTables kCrcTables = make_crc_tables();

/// Eight bytes at a time from eight tables ("slicing by eight").
[[nodiscard]] inline std::uint32_t crc32c_portable(std::uint32_t crc,
                                                   std::span<const std::byte> bytes) {
  const auto table = [](std::size_t k, std::uint32_t byte) { return kCrcTables[k][byte & 0xFF]; };
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::array<std::uint32_t, 8> b{};
    for (std::size_t k = 0; k < 8; ++k) b[k] = static_cast<std::uint32_t>(bytes[i + k]);
    crc ^= b[0] | b[1] << 8 | b[2] << 16 | b[3] << 24;
    crc = table(7, crc) ^ table(6, crc >> 8) ^ table(5, crc >> 16) ^ table(4, crc >> 24) ^
          table(3, b[4]) ^ table(2, b[5]) ^ table(1, b[6]) ^ table(0, b[7]);
  }
  for (; i < bytes.size(); ++i) {
    crc = (crc >> 8) ^ table(0, crc ^ static_cast<std::uint32_t>(bytes[i]));
  }
  return crc;
}

#if defined(__x86_64__)
/// The processor's own instruction, 8 bytes each.
[[nodiscard]] __attribute__((target("sse4.2"))) inline std::uint32_t crc32c_sse42(
    std::uint32_t crc, std::span<const std::byte> bytes) {
  std::uint64_t state = crc;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    state = _mm_crc32_u64(state, word);
  }
  auto rest = static_cast<std::uint32_t>(state);
  for (; i < bytes.size(); ++i) rest = _mm_crc32_u8(rest, static_cast<std::uint8_t>(bytes[i]));
  return rest;
}
#endif
}  // namespace detail

/// CRC-32C of `bytes`; "123456789" has 0xE3069283. Finds every error of up to 3 bits in up to
/// 2^31 bits and every burst of up to 32 bits, which a general hash does not promise, and
/// x86-64 and ARMv8 have an instruction for it.
///
/// Source  RFC 3720, appendix B.4 (test vectors); Castagnoli et al. 1993.
[[nodiscard]] inline std::uint32_t crc32c(std::span<const std::byte> bytes) {
#if defined(__x86_64__)
  static const bool kHasInstruction = __builtin_cpu_supports("sse4.2") != 0;
  if (kHasInstruction) return ~detail::crc32c_sse42(~0U, bytes);
#endif
  return ~detail::crc32c_portable(~0U, bytes);
}

}  // namespace asyndgan::protocol
