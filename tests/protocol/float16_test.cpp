// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/protocol/encodings/float16.hpp"

#include <cmath>
#include <limits>

#include "asyndgan/protocol/encodings/bfloat16.hpp"
#include "support/catch.hpp"

namespace asyndgan::protocol::encodings {
namespace {

/// Of a code, by the definition: sign, 5 bits of exponent, 10 of fraction.
double value_of_float16(unsigned code) {
  const int exponent = static_cast<int>(code >> 10 & 31);
  const double fraction = code & 1023;
  const double sign = (code & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return fraction != 0 ? std::nan("") : sign * HUGE_VAL;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST_CASE("All 65536 codes of binary16 mean what the standard says, and come back", "[protocol]") {
  for (unsigned code = 0; code < 65536; ++code) {
    const auto half = static_cast<std::uint16_t>(code);
    const float value = from_float16(half);
    const double expected = value_of_float16(code);
    if (std::isnan(expected)) {
      REQUIRE(std::isnan(value));
      REQUIRE(to_float16(value) == (code | 0x200));  // quiet
    } else {
      REQUIRE(static_cast<double>(value) == expected);
      REQUIRE(std::signbit(value) == (code >= 0x8000));
      REQUIRE(to_float16(value) == code);
    }
  }
}

TEST_CASE("Between two codes of binary16 the nearer wins, and the even one of two as near",
          "[protocol]") {
  for (unsigned code = 0; code < 0x7C00; ++code) {
    const auto above = code + 1;
    const double low = value_of_float16(code);
    const double high = above == 0x7C00 ? 65536 : value_of_float16(above);
    const auto middle = static_cast<float>((low + high) / 2);  // exact: 12 bits
    const unsigned even = (code & 1) == 0 ? code : above;
    for (const unsigned sign : {0U, 0x8000U}) {
      const float s = sign == 0 ? 1.0F : -1.0F;
      REQUIRE(to_float16(s * middle) == (even | sign));
      REQUIRE(to_float16(s * std::nextafter(middle, 0.0F)) == (code | sign));
      REQUIRE(to_float16(s * std::nextafter(middle, 1e9F)) == (above | sign));
    }
  }
}

TEST_CASE("binary16 takes what is too large for it as infinity, and what is too small as zero",
          "[protocol]") {
  CHECK(to_float16(65519.99F) == 0x7BFF);
  CHECK(to_float16(65520) == 0x7C00);
  CHECK(to_float16(-std::numeric_limits<float>::max()) == 0xFC00);
  CHECK(to_float16(-std::numeric_limits<float>::infinity()) == 0xFC00);
  CHECK(to_float16(std::numeric_limits<float>::denorm_min()) == 0);
  CHECK(to_float16(-1e-9F) == 0x8000);
  CHECK(to_float16(1) == 0x3C00);
  CHECK(to_float16(-2) == 0xC000);
  CHECK(to_float16(1.0F / 3) == 0x3555);  // 1365 * 2^-12
}

TEST_CASE("All 65536 codes of bfloat16 come back", "[protocol]") {
  for (unsigned code = 0; code < 65536; ++code) {
    const float value = from_bfloat16(static_cast<std::uint16_t>(code));
    REQUIRE(std::bit_cast<std::uint32_t>(value) == code << 16);
    REQUIRE(to_bfloat16(value) == (std::isnan(value) ? code | 0x40 : code));
  }
}

TEST_CASE("Between two codes of bfloat16 the nearer wins, and the even one of two as near",
          "[protocol]") {
  for (unsigned code = 0; code < 0x7F80; ++code) {
    const std::uint32_t middle = code << 16 | 0x8000;
    const unsigned even = (code & 1) == 0 ? code : code + 1;
    for (const std::uint32_t sign : {0U, 0x80000000U}) {
      const auto rounded = [&](std::uint32_t bits) {
        return static_cast<unsigned>(to_bfloat16(std::bit_cast<float>(bits | sign)));
      };
      REQUIRE(rounded(middle) == (even | sign >> 16));
      REQUIRE(rounded(middle - 1) == (code | sign >> 16));
      REQUIRE(rounded(middle + 1) == ((code + 1) | sign >> 16));
    }
  }
  CHECK(to_bfloat16(std::bit_cast<float>(0x7FFFFFFFU)) == 0x7FFF);  // a NaN, not a carry into -0
  CHECK(to_bfloat16(std::bit_cast<float>(0x7F800001U)) == 0x7FC0);  // nor infinity
}

}  // namespace
}  // namespace asyndgan::protocol::encodings
