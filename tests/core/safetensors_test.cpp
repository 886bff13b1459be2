// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/safetensors.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <ctime>
#include <limits>
#include <string>
#include <utility>

#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::safetensors {
namespace {

using Bytes = std::vector<std::byte>;

/// A file of exactly this header text and data.
Bytes file_of(const std::string& header, std::size_t data_bytes) {
  const auto length = static_cast<std::uint64_t>(header.size());
  Bytes bytes(8 + header.size() + data_bytes);
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

/// The message with which a file of this header is refused, or "accepted".
std::string refusal(const std::string& header, std::size_t data_bytes = 8) {
  try {
    (void)File::decode(file_of(header, data_bytes), "x");
  } catch (const CheckpointError& error) {
    return error.what();
  }
  return "accepted";
}

template <class T>
Array array_of(std::string name, Extents extents, const std::vector<T>& values) {
  return {std::move(name), DTypeOf<T>::value, std::move(extents), std::as_bytes(std::span(values))};
}

/// One array of every type, of ranks 0 to 4, one of them empty.
struct Example {
  std::vector<float> weight{1.5F, -2, std::numeric_limits<float>::quiet_NaN(), 0.25F, 5, 6};
  std::vector<double> mean{-0.0, 1e300, std::numeric_limits<double>::infinity()};
  std::vector<std::int64_t> count{-7};
  std::vector<std::uint8_t> mask{0, 255, 3};
  std::vector<float> none;
  std::vector<Array> arrays{array_of("b.weight", {1, 2, 3, 1}, weight),
                            array_of("a.mean", {3}, mean), array_of("count", {}, count),
                            array_of("mask", {3, 1}, mask), array_of("none", {2, 0, 4}, none)};
  Metadata metadata{{"written by", "a test"}, {"quote \" and \\ \n", "\u00e4\U0001F9E0"}};
};

TEST_CASE("A file keeps every array bit for bit, and its metadata", "[core]") {
  const Example example;
  const File file = File::decode(encode(example.arrays, example.metadata), "x");
  CHECK(file.metadata() == example.metadata);
  REQUIRE(file.arrays().size() == example.arrays.size());
  for (const Array& expected : example.arrays) {
    const Array& actual = file.at(expected.name);
    CHECK(actual.name == expected.name);
    CHECK(actual.dtype == expected.dtype);
    CHECK(actual.extents == expected.extents);
    CHECK(std::equal(actual.bytes.begin(), actual.bytes.end(), expected.bytes.begin(),
                     expected.bytes.end()));
  }
  CHECK(file.values<std::int64_t>("count") == example.count);
  CHECK(std::isnan(file.values<float>("b.weight").at(2)));
  CHECK(std::signbit(file.values<double>("a.mean").at(0)));
  CHECK(file.values<float>("none").empty());
}

TEST_CASE("A file lies as the format says", "[core]") {
  const std::vector<float> values{1, 2};
  const std::vector<Array> arrays{array_of("w", {2, 1}, values)};
  const Bytes bytes = encode(arrays);
  const std::string header = R"({"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})";
  REQUIRE(header.size() % 8 == 0);
  Bytes expected = file_of(header, 8);
  std::memcpy(expected.data() + 8 + header.size(), values.data(), 8);
  CHECK(bytes == expected);
}

TEST_CASE("The order in which arrays are given does not change the file", "[core]") {
  Example example;
  const Bytes bytes = encode(example.arrays);
  std::swap(example.arrays[0], example.arrays[3]);
  std::swap(example.arrays[1], example.arrays[2]);
  CHECK(encode(example.arrays) == bytes);
}

TEST_CASE("Every array begins at a multiple of its element size", "[core]") {
  const Example example;
  const File file = File::decode(encode(example.arrays), "x");
  for (const auto& [name, array] : file.arrays()) {
    CHECK(reinterpret_cast<std::uintptr_t>(array.bytes.data()) % element_size(array.dtype) == 0);
  }
}

TEST_CASE("Files on disk are the same bytes as in memory, and a move keeps them", "[core]") {
  const test::TemporaryFolder folder;
  const Example example;
  write(folder / "a.safetensors", example.arrays, example.metadata);
  CHECK(read_file(folder / "a.safetensors", 10'000) == encode(example.arrays, example.metadata));
  File file = File::read(folder / "a.safetensors");
  const File moved = std::move(file);
  CHECK(moved.values<std::uint8_t>("mask") == example.mask);
  CHECK(moved.source() == "'" + (folder / "a.safetensors").string() + "'");
}

TEST_CASE("A full disk leaves the previous file", "[core]") {
  const test::TemporaryFolder folder;
  const std::vector<std::uint8_t> small(10, 1);
  const std::vector<std::uint8_t> large(100'000, 2);
  const auto path = folder / "a.safetensors";
  write(path, std::vector{array_of("x", {10}, small)});
  {
    const test::FullDisk full(5000);
    CHECK_THROWS_AS(write(path, std::vector{array_of("x", {100'000}, large)}), WriteError);
  }
  CHECK(File::read(path).values<std::uint8_t>("x") == small);
  CHECK(folder.entries() == 1);
}

TEST_CASE("A file cut at any byte is refused", "[core]") {
  const Example example;
  const Bytes bytes = encode(example.arrays, example.metadata);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_AS(File::decode({bytes.begin(), bytes.begin() + static_cast<long>(length)}, "x"),
                    CheckpointError);
  }
  Bytes longer = bytes;
  longer.push_back({});
  CHECK_THROWS_WITH(File::decode(longer, "x"), "x: 1 bytes at the end belong to no tensor");
}

TEST_CASE("A file with any one bit of its header changed is refused or still sound", "[core]") {
  const Example example;
  const Bytes bytes = encode(example.arrays);
  constexpr std::size_t kData = 6 * 4 + 3 * 8 + 8 + 3;
  const std::size_t header_end = bytes.size() - kData;
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < header_end * 8; ++bit) {
    Bytes changed = bytes;
    changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    try {
      const File file = File::decode(changed, "x");
      std::size_t total = 0;
      for (const auto& [name, array] : file.arrays()) {
        std::size_t expected = element_size(array.dtype);
        for (const std::size_t extent : array.extents) expected *= extent;
        CHECK(array.bytes.size() == expected);
        total += array.bytes.size();
      }
      CHECK(total == kData);
    } catch (const CheckpointError&) {
      ++refused;
    }
  }
  // What passes is a changed letter of a name, I64 for F64, or a shape of the same product.
  CHECK(refused > header_end * 8 * 3 / 4);
}

TEST_CASE("The announced header length is not believed", "[core]") {
  Bytes bytes = file_of("{}", 0);
  for (const std::uint64_t length :
       {std::uint64_t{3}, std::uint64_t{100'000'001}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    std::memcpy(bytes.data(), &length, 8);
    CHECK_THROWS_WITH(File::decode(bytes, "x"),
                      "x: a header of " + std::to_string(length) +
                          " bytes is announced in a file of 10: truncated, or not a safetensors "
                          "file");
  }
  CHECK_THROWS_WITH(File::decode(Bytes(7), "x"), "x: too short for a safetensors file: 7 bytes");
  CHECK_THROWS_AS(
      File::decode(file_of("{}" + std::string(100, ' '), 0), "x", {.header_bytes = 101}),
      CheckpointError);
}

TEST_CASE("A header that is not what the format asks for is refused, by name", "[core]") {
  CHECK(refusal("{}", 0) == "accepted");
  CHECK(refusal("{}   ", 0) == "accepted");
  CHECK(refusal(" {}", 0) == "x: the header does not begin with '{'");
  CHECK(refusal("[]", 0) == "x: the header does not begin with '{'");
  CHECK(refusal("{", 0) == "x: the header is not JSON at its byte 2");
  CHECK(refusal("{} {}", 0) == "x: the header is not JSON at its byte 4");
  CHECK(refusal(std::string("{}\0{}", 5), 0) == "x: the header has a zero byte in it");
  CHECK(refusal("{\"a\xff\":{}}", 0) == "x: the header is not JSON at its byte 4");
  CHECK(refusal(R"({"a":5})") == "x: the header has a number where none belongs, near key 'a'");
  CHECK(refusal(R"({"a":null})") == "x: the header has a null where none belongs, near key 'a'");
  CHECK(refusal(R"({"a":[]})") == "x: the header has a list where none belongs, near key 'a'");
  CHECK(refusal(R"({"a":"t"})") == "x: the header has a text where none belongs, near key 'a'");
  CHECK(refusal(R"({"__metadata__":{"a":5}})", 0) ==
        "x: the header has a number where none belongs, near key 'a'");
  CHECK(refusal(R"({"__metadata__":{"a":{}}})", 0) ==
        "x: the header has an object where none belongs, near key 'a'");
  CHECK(refusal(R"({"__metadata__":{"a":[]}})", 0) ==
        "x: the header has a list where none belongs, near key 'a'");
  CHECK(refusal(std::string(100'000, '{')).starts_with("x: the header is not JSON"));
}

TEST_CASE("A header of a hundred thousand entries is read, or refused, in moments", "[core]") {
  constexpr std::size_t kEntries = 100'000;
  const auto header = [](const std::string& last) {
    std::string text = "{";
    for (std::size_t i = 0; i < kEntries; ++i) {
      const std::string begin = std::to_string(4 * i);
      text += "\"" + (i + 1 < kEntries ? "w" + std::to_string(i) : last) +
              R"(":{"dtype":"F32","shape":[1],"data_offsets":[)" + begin + "," +
              std::to_string(4 * i + 4) + "]},";
    }
    text.back() = '}';
    return text;
  };
  const std::clock_t begin = std::clock();
  const File file = File::decode(file_of(header("last"), 4 * kEntries), "x");
  CHECK(file.arrays().size() == kEntries);
  CHECK(file.at("last").bytes.data() - file.at("w0").bytes.data() == 4 * (kEntries - 1));
  CHECK(refusal(header("w7"), 4 * kEntries) == "x: the header has key 'w7' twice");
  CHECK(refusal(header("last"), 4 * kEntries - 4) ==
        "x: tensor 'last' lies at bytes [399996, 400000) of 399996");
  // 2.1 s measured for all three without optimisation, 15.5 under the thread sanitizer; what grows
  // with the square of the entries would take minutes.
  CHECK(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC < 60);
}

/// A header of one array "a" with these three values.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

TEST_CASE("A description of an array that does not hold is refused, by name", "[core]") {
  CHECK(refusal(one("\"F32\"", "[2]", "[0,8]")) == "accepted");
  CHECK(refusal(R"({"a":{}})") == "x: tensor 'a' has no dtype");
  CHECK(refusal(R"({"a":{"dtype":"F32"}})") == "x: tensor 'a' has no shape");
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[2]}})") == "x: tensor 'a' has no data_offsets");
  CHECK(refusal(one("\"BF16\"", "[4]", "[0,8]")) ==
        "x: tensor 'a' has dtype 'BF16', of which this library reads F64, I64, F32, U8");
  CHECK(refusal(one("\"F32\"", "[3]", "[0,8]")) ==
        "x: tensor 'a' has 8 bytes, but F32 [3] needs 12");
  CHECK(refusal(one("\"F32\"", "[2]", "[8,0]")) == "x: tensor 'a' lies at bytes [8, 0) of 8");
  CHECK(refusal(one("\"F32\"", "[3]", "[0,12]")) == "x: tensor 'a' lies at bytes [0, 12) of 8");
  CHECK(refusal(one("\"F32\"", "[2]", "[0,8,8]")) == "x: tensor 'a' needs 2 data_offsets");
  CHECK(refusal(one("\"F32\"", "[2]", "[8]")) == "x: tensor 'a' needs 2 data_offsets");
  CHECK(refusal(one("\"F32\"", "[-2]", "[0,8]")) ==
        "x: the header has a negative number where none belongs, near key 'shape' of 'a'");
  CHECK(refusal(one("\"F32\"", "[2.0]", "[0,8]")) ==
        "x: the header has a fraction where none belongs, near key 'shape' of 'a'");
  CHECK(refusal(one("\"F32\"", "[[2]]", "[0,8]")) ==
        "x: the header has a list where none belongs, near key 'shape' of 'a'");
  CHECK(refusal(one("\"F32\"", "[\"2\"]", "[0,8]")) ==
        "x: the header has a text where none belongs, near key 'shape' of 'a'");
  CHECK(refusal(one("4", "[2]", "[0,8]")) ==
        "x: the header has a number where none belongs, near key 'dtype' of 'a'");
  CHECK(refusal(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}})") ==
        "x: the header has a number where none belongs, near key 'more' of 'a'");
}

TEST_CASE("A shape whose product overflows is refused", "[core]") {
  const std::string big = "4294967296";  // 2^32
  CHECK(refusal(one("\"F32\"", "[" + big + "," + big + "]", "[0,0]"), 0) ==
        "x: tensor 'a' has a shape too large to count: [" + big + ", " + big + "]");
  CHECK(refusal(one("\"F64\"", "[2305843009213693952]", "[0,0]"), 0) ==  // 2^61 * 8 = 2^64
        "x: tensor 'a' has a shape too large to count: [2305843009213693952]");
  CHECK(refusal(one("\"F32\"", "[0," + big + "," + big + "]", "[0,0]"), 0)
            .starts_with("x: tensor 'a' has a shape too large to count"));
  CHECK(refusal(one("\"F32\"", "[99999999999999999999]", "[0,0]"), 0) ==  // beyond 64 bits
        "x: the header has a fraction where none belongs, near key 'shape' of 'a'");
}

/// A header of arrays "a" and "b", each F32 [1], at these offsets.
std::string two(const std::string& a, const std::string& b) {
  return R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + a +
         R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + b + "}}";
}

TEST_CASE("Arrays tile the data: any order, but no gap and no overlap", "[core]") {
  CHECK(refusal(two("[0,4]", "[4,8]")) == "accepted");
  CHECK(refusal(two("[4,8]", "[0,4]")) == "accepted");
  CHECK(refusal(two("[0,4]", "[0,4]")) ==
        "x: tensor 'b' begins at byte 0 of the data, where the one before ends at 4");
  CHECK(refusal(two("[0,4]", "[2,6]"), 6) ==
        "x: tensor 'b' begins at byte 2 of the data, where the one before ends at 4");
  CHECK(refusal(two("[0,4]", "[8,12]"), 12) ==
        "x: tensor 'b' begins at byte 8 of the data, where the one before ends at 4");
  CHECK(refusal(two("[4,8]", "[8,12]"), 12) ==
        "x: tensor 'a' begins at byte 4 of the data, where the one before ends at 0");
  CHECK(refusal(two("[0,4]", "[4,8]"), 12) == "x: 4 bytes at the end belong to no tensor");
}

TEST_CASE("No name may come twice", "[core]") {
  const std::string a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  const std::string b = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})";
  CHECK(refusal("{" + a + "," + b + "}") == "x: the header has key 'a' twice");
  CHECK(refusal(R"({"a":{"dtype":"F32","dtype":"F32"}})") == "x: the header has key 'dtype' twice");
  CHECK(refusal(R"({"a":{"shape":[1],"shape":[1]}})") == "x: the header has key 'shape' twice");
  CHECK(refusal(R"({"a":{"data_offsets":[],"data_offsets":[]}})") ==
        "x: the header has key 'data_offsets' twice");
  CHECK(refusal(R"({"__metadata__":{},"__metadata__":{}})") ==
        "x: the header has key '__metadata__' twice");
  CHECK(refusal(R"({"__metadata__":{"k":"1","k":"2"}})") ==
        "x: the header has metadata key 'k' twice");
}

TEST_CASE("Reading an array of another type or name says so", "[core]") {
  const Example example;
  const File file = File::decode(encode(example.arrays), "x");
  CHECK_THROWS_WITH(file.values<float>("a.mean"), "x: tensor 'a.mean' has dtype F64, expected F32");
  CHECK_THROWS_WITH(file.at("c"), "x: there is no tensor 'c'");
  CHECK(file.contains("a.mean"));
  CHECK_FALSE(file.contains("c"));
}

TEST_CASE("Arrays that cannot make a file are the caller's mistake", "[core]") {
  const std::vector<float> two_values{1, 2};
  const auto encode_all = [](std::vector<Array> arrays, const Metadata& metadata = {}) {
    return encode(arrays, metadata);
  };
  CHECK_THROWS_AS(encode_all({array_of("a", {3}, two_values)}), ContractViolation);
  CHECK_THROWS_AS(encode_all({array_of("a", {2}, two_values), array_of("a", {2}, two_values)}),
                  ContractViolation);
  CHECK_THROWS_AS(encode_all({array_of("__metadata__", {2}, two_values)}), ContractViolation);
  CHECK_THROWS_AS(encode_all({array_of("\xff", {2}, two_values)}), ContractViolation);
  CHECK_THROWS_AS(encode_all({}, {{"k", "\xff"}}), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::safetensors
