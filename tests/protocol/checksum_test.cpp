// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/protocol/checksum.hpp"

#include <string>
#include <vector>

#include "asyndgan/core/random.hpp"
#include "support/catch.hpp"

namespace asyndgan::protocol {
namespace {

std::vector<std::byte> filled(std::size_t size, auto value_at) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(value_at(i));
  return bytes;
}

// RFC 3720, appendix B.4, and the check value of the CRC catalogues.
TEST_CASE("CRC-32C has the values of its specification", "[protocol]") {
  const std::string digits = "123456789";
  CHECK(crc32c(std::as_bytes(std::span(digits))) == 0xE3069283);
  CHECK(crc32c({}) == 0);
  CHECK(crc32c(filled(32, [](std::size_t) { return 0; })) == 0x8A9136AA);
  CHECK(crc32c(filled(32, [](std::size_t) { return 0xFF; })) == 0x62A8AB43);
  CHECK(crc32c(filled(32, [](std::size_t i) { return i; })) == 0x46DD794E);
  CHECK(crc32c(filled(32, [](std::size_t i) { return 31 - i; })) == 0x113FDB5C);
}

TEST_CASE("The instruction and the tables agree at every length and alignment", "[protocol]") {
  const random::Stream stream({.seed = 1});
  const auto bytes = filled(100'000, [&](std::size_t i) { return stream.bits(i) & 0xFF; });
  const std::span all(bytes);
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; size < 70; ++size) {
      const auto part = all.subspan(begin, size);
      REQUIRE(crc32c(part) == ~detail::crc32c_portable(~0U, part));
    }
  }
  // Around the blocks that the fast path takes at once, and far above.
  for (const std::size_t size : {3071U, 3072U, 3073U, 6144U, 6151U, 12288U, 50'001U, 99'990U}) {
    REQUIRE(crc32c(all.subspan(3, size)) == ~detail::crc32c_portable(~0U, all.subspan(3, size)));
  }
}

TEST_CASE("CRC-32C sees every flipped bit", "[protocol]") {
  auto bytes = filled(500, [](std::size_t i) { return i * 7; });
  const std::uint32_t before = crc32c(bytes);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    REQUIRE(crc32c(bytes) != before);
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  }
}

}  // namespace
}  // namespace asyndgan::protocol
