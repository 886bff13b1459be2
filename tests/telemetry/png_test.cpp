// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/png.hpp"

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

struct Chunk {
  std::string type;
  std::vector<std::uint8_t> data;
};

std::uint32_t big_endian(const std::vector<std::byte>& file, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8U | std::to_integer<std::uint32_t>(file.at(at + i));
  }
  return value;
}

/// Walks the file as a reader does, checking signature, lengths and checksums.
std::vector<Chunk> chunks(const std::vector<std::byte>& file) {
  const unsigned char signature[] = {0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A};
  REQUIRE(file.size() > 8);
  REQUIRE(std::memcmp(file.data(), signature, 8) == 0);
  std::vector<Chunk> found;
  for (std::size_t at = 8; at < file.size();) {
    const std::uint32_t size = big_endian(file, at);
    REQUIRE(at + 12 + size <= file.size());
    const auto* bytes = reinterpret_cast<const unsigned char*>(file.data()) + at + 4;
    CHECK(crc32(0, bytes, size + 4) == big_endian(file, at + 8 + size));
    found.push_back({std::string(bytes, bytes + 4), {bytes + 4, bytes + 4 + size}});
    at += 12 + size;
  }
  return found;
}

std::vector<std::uint8_t> inflated(const std::vector<std::uint8_t>& packed, std::size_t expected) {
  std::vector<std::uint8_t> rows(expected + 16);
  uLongf size = rows.size();
  REQUIRE(uncompress(rows.data(), &size, packed.data(), packed.size()) == Z_OK);
  rows.resize(size);
  return rows;
}

TEST_CASE("A PNG holds the pixels in rows, each behind filter type 0", "[telemetry]") {
  const auto file = chunks(encode_png({3, 2, 1, {0, 1, 2, 253, 254, 255}}));
  REQUIRE(file.size() == 3);
  CHECK(file[0].type == "IHDR");
  CHECK(file[0].data == std::vector<std::uint8_t>{0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0});
  CHECK(file[1].type == "IDAT");
  CHECK(inflated(file[1].data, 8) == std::vector<std::uint8_t>{0, 0, 1, 2, 0, 253, 254, 255});
  CHECK(file[2].type == "IEND");
  CHECK(file[2].data.empty());
}

TEST_CASE("A colour PNG says so and keeps channels side by side", "[telemetry]") {
  const auto file = chunks(encode_png({1, 2, 3, {10, 20, 30, 40, 50, 60}}));
  CHECK(file.at(0).data == std::vector<std::uint8_t>{0, 0, 0, 1, 0, 0, 0, 2, 8, 2, 0, 0, 0});
  CHECK(inflated(file.at(1).data, 8) == std::vector<std::uint8_t>{0, 10, 20, 30, 0, 40, 50, 60});
}

TEST_CASE("A picture of many rows survives compression", "[telemetry]") {
  Raster picture{257, 130, 1, {}};
  for (int i = 0; i < 257 * 130; ++i) {
    picture.pixels.push_back(static_cast<std::uint8_t>(i * i >> 5U));
  }
  constexpr std::size_t kBytes = std::size_t{258} * 130;  // a byte for the filter of each row
  const auto rows = inflated(chunks(encode_png(picture)).at(1).data, kBytes);
  REQUIRE(rows.size() == kBytes);
  bool same = true;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    same = same && rows[i] == (i % 258 == 0 ? 0 : picture.pixels[i / 258 * 257 + i % 258 - 1]);
  }
  CHECK(same);
}

TEST_CASE("encode_png refuses pictures that PNG or the caller's sizes cannot mean", "[telemetry]") {
  CHECK_THROWS_AS(encode_png({0, 0, 1, {}}), ContractViolation);
  CHECK_THROWS_AS(encode_png({2, 2, 1, {1, 2, 3}}), ContractViolation);
  CHECK_THROWS_AS(encode_png({1, 1, 2, {1, 2}}), ContractViolation);
  CHECK_THROWS_AS(encode_png({-1, -1, 1, {1}}), ContractViolation);
}

TEST_CASE("The size of a PNG is read back, and other files are refused", "[telemetry]") {
  auto file = encode_png({300, 2, 1, std::vector<std::uint8_t>(600)});
  CHECK(png_extent(file).width == 300);
  CHECK(png_extent(file).height == 2);
  CHECK_THROWS_AS(png_extent(std::span(file).first(32)), DataError);
  file[16] = std::byte{0x80};
  CHECK_THROWS_AS(png_extent(file), DataError);
  file[1] = std::byte{'X'};
  CHECK_THROWS_AS(png_extent(file), DataError);
}

}  // namespace
}  // namespace asyndgan::telemetry
