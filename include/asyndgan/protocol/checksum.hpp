// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#if defined(__x86_64__)
#include <nmmintrin.h>  // SSE 4.2 and older; <immintrin.h> costs a compiler half a second
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
/// Bytes that each of three interleaved computations takes at a time. The instruction has a
/// latency of 3 cycles and one can start every cycle, so one chain alone uses a third of it; at
/// 1 KiB joining the chains costs 1 % (8 look-ups to 384 instructions).
inline constexpr std::size_t kLane = 1024;

/// tables[k][b]: what kLane zero bytes make of a CRC whose byte k is b, the others 0. The map is
/// linear, so a CRC's own image is the sum of four.
using LaneTables = std::array<std::array<std::uint32_t, 256>, 4>;

[[nodiscard]] constexpr LaneTables make_lane_tables() {
  LaneTables tables{};
  for (std::size_t bit = 0; bit < 32; ++bit) {
    std::uint32_t image = std::uint32_t{1} << bit;
    for (std::size_t i = 0; i < kLane; ++i) image = (image >> 8) ^ kCrcTables[0][image & 0xFF];
    for (std::size_t byte = 0; byte < 256; ++byte) {
      if ((byte >> (bit % 8) & 1) != 0) tables[bit / 8][byte] ^= image;
    }
  }
  return tables;
}
inline constexpr LaneTables kLaneTables = make_lane_tables();

[[nodiscard]] inline std::uint64_t after_lane(std::uint64_t crc) {
  return kLaneTables[0][crc & 0xFF] ^ kLaneTables[1][crc >> 8 & 0xFF] ^
         kLaneTables[2][crc >> 16 & 0xFF] ^ kLaneTables[3][crc >> 24 & 0xFF];
}

[[nodiscard]] inline std::uint64_t load_word(const std::byte* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// The processor's own instruction, three chains at once.
[[nodiscard]] __attribute__((target("sse4.2"))) inline std::uint32_t crc32c_sse42(
    std::uint32_t crc, std::span<const std::byte> bytes) {
  std::uint64_t state = crc;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3 * kLane; at += 3 * kLane, left -= 3 * kLane) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (const std::byte* end = at + kLane; at != end; at += 8) {
      state = _mm_crc32_u64(state, load_word(at));
      second = _mm_crc32_u64(second, load_word(at + kLane));
      third = _mm_crc32_u64(third, load_word(at + 2 * kLane));
    }
    at -= kLane;
    state = after_lane(after_lane(state) ^ second) ^ third;
  }
  for (; left >= 8; at += 8, left -= 8) state = _mm_crc32_u64(state, load_word(at));
  auto rest = static_cast<std::uint32_t>(state);
  for (; left > 0; ++at, --left) rest = _mm_crc32_u8(rest, static_cast<std::uint8_t>(*at));
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
