// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/protocol/encodings/packed_labels.hpp"

#include <cstring>
#include <vector>

#include "asyndgan/protocol/any_label_encoding.hpp"
#include "support/catch.hpp"

namespace asyndgan::protocol::encodings {
namespace {

constexpr std::size_t kHeader = 1 + 12 + 4;  // code, extents, classes

std::vector<std::byte> written(const LabelMap& map, std::uint32_t classes) {
  ByteWriter writer;
  AnyLabelEncoding::of(PackedLabels::kCode, classes).write(map, writer);
  return std::move(writer).take();
}

LabelMap read_back(std::span<const std::byte> bytes, const Limits& limits = {}) {
  ByteReader reader(bytes);
  auto map = AnyLabelEncoding::read(reader, limits);
  reader.expect_end();
  return map;
}

LabelMap some_map(int n, int h, int w, unsigned classes) {
  LabelMap map(n, h, w);
  for (std::size_t i = 0; i < map.labels.size(); ++i) {
    map.labels[i] = static_cast<std::uint8_t>((i * 2654435761U >> 7) % classes);
  }
  return map;
}

TEST_CASE("A label takes as many bits as its class needs", "[protocol]") {
  const std::pair<std::uint32_t, unsigned> expected[] = {
      {1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 3}, {8, 3}, {9, 4}, {128, 7}, {129, 8}, {256, 8}};
  for (const auto& [classes, bits] : expected) CHECK(label_bits(classes) == bits);
}

TEST_CASE("Label maps come back for every number of classes and every remainder", "[protocol]") {
  for (unsigned classes = 1; classes <= 256; ++classes) {
    for (int width = 1; width <= 9; ++width) {
      const LabelMap map = some_map(1, 3, width, classes);
      const auto bytes = written(map, classes);
      REQUIRE(bytes.size() == kHeader + (map.labels.size() * label_bits(classes) + 7) / 8);
      REQUIRE(read_back(bytes) == map);
    }
  }
}

TEST_CASE("Labels lie in the lowest bits that are free", "[protocol]") {
  LabelMap map(1, 1, 4);
  map.labels = {1, 2, 3, 4};  // 001 010 011 100: 1 + (2 << 3) + (3 << 6) + (4 << 9) = 0x08D1
  const auto bytes = written(map, 5);
  REQUIRE(bytes.size() == kHeader + 2);
  CHECK(bytes[kHeader] == std::byte{0xD1});
  CHECK(bytes[kHeader + 1] == std::byte{0x08});
}

TEST_CASE("The length of a packed map is the same whatever is in it", "[protocol]") {
  CHECK(written(LabelMap(2, 16, 16), 5).size() == written(some_map(2, 16, 16, 5), 5).size());
}

TEST_CASE("Packed label maps that are damaged are refused", "[protocol]") {
  const LabelMap map = some_map(2, 3, 3, 5);
  const auto bytes = written(map, 5);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_THROWS_AS(read_back(std::span(bytes).first(size)), ProtocolError);
  }
  auto changed = bytes;
  changed[kHeader] = std::byte{0xFF};  // 7 is no class of 5
  CHECK_THROWS_WITH(read_back(changed), "label at pixel 0 is 7, expected below 5 classes");
  changed = bytes;
  changed.back() |= std::byte{0x80};  // 18 labels of 3 bits leave 2 free
  CHECK_THROWS_WITH(read_back(changed), "label map has bits behind its last pixel, expected zeros");
  Limits four;
  four.classes = 4;
  CHECK_THROWS_WITH(read_back(bytes, four), "label map classes is 5, expected 1 to 4");
  for (std::size_t at = 1; at < 13; at += 4) {
    for (const std::uint32_t extent : {0U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
      changed = bytes;
      std::memcpy(&changed[at], &extent, sizeof extent);
      CHECK_THROWS_AS(read_back(changed), ProtocolError);
    }
  }
  CHECK_THROWS_AS(written(map, 4), ContractViolation);
  CHECK_THROWS_AS(written(map, 0), ContractViolation);
  CHECK_THROWS_AS(written(map, 257), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::protocol::encodings
