// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/protocol/encoding.hpp"

#include <cmath>
#include <limits>

#include "asyndgan/protocol/encodings/bfloat16.hpp"
#include "asyndgan/protocol/encodings/float16.hpp"
#include "asyndgan/protocol/encodings/float32.hpp"
#include "asyndgan/protocol/encodings/int8.hpp"
#include "asyndgan/protocol/encodings/top_k.hpp"
#include "asyndgan/protocol/encodings/uint8.hpp"
#include "asyndgan/protocol/encodings/zstd.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::protocol {
namespace {

using namespace encodings;  // NOLINT: what this file is about

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

template <Encoding E>
std::vector<std::byte> written(const E& encoding, const Tensor<float>& values) {
  ByteWriter writer;
  write_encoded(encoding, values, writer);
  return std::move(writer).take();
}

template <Encoding E>
Tensor<float> read_back(std::span<const std::byte> bytes, const Limits& limits = {}) {
  ByteReader reader(bytes);
  auto values = read_encoded<E>(reader, limits);
  reader.expect_end();
  return values;
}

template <Encoding E>
Tensor<float> carried(const E& encoding, const Tensor<float>& values) {
  return read_back<E>(written(encoding, values));
}

/// Uniform in [-1, 1], odd extents.
Tensor<float> images() {
  Tensor<float> values({3, 2, 5, 7});
  test::fill_uniform(values, 7);
  return values;
}

Tensor<float> one_row(std::vector<float> values) {
  return Tensor<float>::from_host({1, 1, 1, static_cast<int>(values.size())}, values);
}

double largest_error(const Tensor<float>& a, const Tensor<float>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(static_cast<double>(a.values()[i]) - b.values()[i]);
    REQUIRE(std::isfinite(error));
    largest = std::max(largest, error);
  }
  return largest;
}

using All = std::tuple<Float32, Float16, Bfloat16, Uint8, Int8, TopK, Zstd<Float32>, Zstd<Uint8>,
                       Zstd<TopK>>;

TEMPLATE_LIST_TEST_CASE("Every encoding keeps shape and bytes, and errs little", "[protocol]",
                        All) {
  const TestType encoding;
  const Tensor<float> values = images();
  const auto bytes = written(encoding, values);
  constexpr std::size_t kHeader = 1 + 4 * 4;
  CHECK(bytes.size() - kHeader <= encoding.most_bytes(values.shape()));
  CHECK(static_cast<unsigned>(bytes[0]) == TestType::kCode);
  CHECK(bytes == written(encoding, values));
  const auto got = read_back<TestType>(bytes);
  CHECK(got.shape() == values.shape());
  CHECK(largest_error(got, values) <= 1 / 255.0 + 1e-6);      // 0.0039 measured, of uint8 and int8
  CHECK(largest_error(carried(encoding, got), got) <= 1e-6);  // once lost, nothing more is
}

TEMPLATE_LIST_TEST_CASE("Every encoding refuses bytes that are cut off or too many", "[protocol]",
                        All) {
  const auto bytes = written(TestType(), images());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_THROWS_AS(read_back<TestType>(std::span(bytes).first(size)), ProtocolError);
  }
  auto longer = bytes;
  longer.push_back(std::byte{0});
  CHECK_THROWS_AS(read_back<TestType>(longer), ProtocolError);
  auto other = bytes;
  other[0] = std::byte{99};
  CHECK_THROWS_WITH(read_back<TestType>(other), Catch::StartsWith("tensor encoding is 99"));
}

TEMPLATE_LIST_TEST_CASE("No changed byte makes an encoding do worse than refuse", "[protocol]",
                        All) {
  const auto bytes = written(TestType(), images());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned flip : {0x01U, 0x80U, 0xFFU}) {
      auto changed = bytes;
      changed[at] ^= static_cast<std::byte>(flip);
      std::size_t size = 0;
      try {
        size = read_back<TestType>(changed).size();
      } catch (const ProtocolError&) {
        continue;
      }
      CHECK(size <= (std::size_t{1} << 26));  // Limits().message, in floats
    }
  }
}

TEST_CASE("Extents are held against the limits before memory is taken", "[protocol]") {
  auto bytes = written(TopK(), one_row({1}));
  const std::uint32_t extents[] = {1024, 1024, 1024, 1024};
  std::memcpy(&bytes[1], extents, sizeof extents);
  CHECK_THROWS_WITH(read_back<TopK>(bytes), "tensor batch is 1024, expected 1 to 64");
  Limits wide;
  wide.batch = wide.channels = 1024;
  CHECK_THROWS_WITH(read_back<TopK>(bytes, wide),
                    "tensor unpacks to 4398046511104 bytes, expected at most 268435456");
}

TEST_CASE("float32 carries every bit", "[protocol]") {
  const auto values = one_row({kNan, -kInfinity, -0.0F, 1e-45F, 0.1F});
  const auto got = carried(Float32(), values);
  CHECK(std::memcmp(got.data(), values.data(), values.bytes()) == 0);
}

TEST_CASE("uint8 has 256 levels from -1 to 1", "[protocol]") {
  const auto values = one_row({-1, 1, 0, -7, 1e30F, 1 / 255.0F, -0.9961F, -0.9960F});
  const auto bytes = written(Uint8(), values);
  std::vector<int> codes;
  for (std::size_t i = 17; i < bytes.size(); ++i) codes.push_back(static_cast<int>(bytes[i]));
  // 0 lies between 127 and 128, and even wins; -0.9961 * 127.5 + 127.5 = 0.497, -0.9960 gives 0.51
  CHECK(codes == std::vector<int>{0, 255, 128, 0, 255, 128, 0, 1});
  for (int code = 0; code < 256; ++code) {
    const float level = static_cast<float>(2 * code - 255) / 255.0F;
    CHECK(carried(Uint8(), one_row({level})).values()[0] == level);
  }
  CHECK_THROWS_WITH(written(Uint8(), one_row({0, kNan})),
                    "uint8: a value is NaN or infinite, which it cannot carry");
  CHECK_THROWS_AS(written(Uint8(), one_row({-kInfinity})), ContractViolation);
}

// The codes by which published federated code writes its label maps of five classes, and 62, its
// outline of a nucleus.
TEST_CASE("uint8 codes of published label maps mean the published values", "[protocol]") {
  const std::vector<float> values{-1, -.498039F, .003922F, .498039F, 1, -.513725F};
  const std::vector<int> codes{0, 64, 128, 191, 255, 62};
  const auto bytes = written(Uint8(), one_row(values));
  for (std::size_t i = 0; i < codes.size(); ++i) {
    CHECK(static_cast<int>(bytes.at(17 + i)) == codes[i]);
  }
  // 5.4e-7 measured: the values have six decimals.
  CHECK(largest_error(read_back<Uint8>(bytes), one_row(values)) < 1e-6);
}

TEST_CASE("int8 has a step for every image", "[protocol]") {
  const auto values = Tensor<float>::from_host(
      {4, 1, 1, 3}, std::vector<float>{127, 63.5F, -1.5F, 0, 0, 0, 1e-7F, -1e-7F, 3e-8F,  //
                                       1e-38F, 0, 0});
  const auto bytes = written(Int8(), values);
  const auto code = [&](int image, int i) {
    const int at = 17 + image * 7 + 4 + i;
    return static_cast<int>(static_cast<std::int8_t>(bytes[static_cast<std::size_t>(at)]));
  };
  CHECK(code(0, 0) == 127);
  CHECK(code(0, 1) == 64);  // 63.5, ties to even
  CHECK(code(0, 2) == -2);  // -1.5
  CHECK(code(2, 0) == 127);
  CHECK(code(2, 1) == -127);
  CHECK(code(2, 2) == 38);  // 0.3 * 127 = 38.1
  const auto got = read_back<Int8>(bytes);
  for (int i = 0; i < 3; ++i) CHECK(got(1, 0, 0, i) == 0);
  for (int i = 0; i < 3; ++i) CHECK(got(3, 0, 0, i) == 0);  // too small for a step
  CHECK(std::abs(got(2, 0, 0, 0) - 1e-7F) < 1e-13F);        // 7e-15 measured
  const float most = std::numeric_limits<float>::max();
  CHECK(carried(Int8(), one_row({most})).values()[0] / most ==
        Approx(1).epsilon(1e-6));  // measured 6e-8
  CHECK_THROWS_AS(written(Int8(), one_row({kInfinity})), ContractViolation);
  auto below = bytes;  // by a code that no sender of ours writes
  below[17 + 2 * 7 + 4 + 1] = std::byte{0x80};
  CHECK(read_back<Int8>(below)(2, 0, 0, 1) == got(2, 0, 0, 1));

  for (const float step : {kNan, -1.0F, kInfinity, most}) {
    auto hostile = bytes;
    std::memcpy(&hostile[17], &step, sizeof step);
    CHECK_THROWS_WITH(read_back<Int8>(hostile), Catch::StartsWith("tensor step is "));
  }
}

TEST_CASE("top-k keeps the largest magnitudes of every image, the first of equal ones",
          "[protocol]") {
  const auto values = Tensor<float>::from_host(
      {2, 1, 1, 5}, std::vector<float>{0.5F, -2, 1, 0.25F, -1, 3, 3, 3, 3, 3});
  const TopK two(0.4);
  const auto bytes = written(two, values);
  CHECK(bytes.size() == 17 + 4 + 2 * (1 + 2 * 2));
  CHECK(static_cast<int>(bytes[21]) == 0b00110);  // -2, and of 1 and -1 the first
  CHECK(static_cast<int>(bytes[26]) == 0b00011);
  const auto got = read_back<TopK>(bytes).to_host();
  CHECK(got == std::vector<float>{0, -2, 1, 0, 0, 3, 3, 0, 0, 0});
  CHECK(carried(TopK(1e-9), values).to_host() == std::vector<float>{0, -2, 0, 0, 0, 3, 0, 0, 0, 0});
  CHECK(two.most_bytes(values.shape()) == 4 + 2 * 5);

  auto none = bytes;  // K = 0, which no sender of ours writes: flags alone
  none[17] = std::byte{0};
  none.resize(17 + 4 + 2);
  none[21] = none[22] = std::byte{0};
  CHECK(read_back<TopK>(none).to_host() == std::vector<float>(10, 0.0F));

  auto more = bytes;
  more[21] = std::byte{0b01110};
  CHECK_THROWS_WITH(read_back<TopK>(more), "tensor flags name 3 values, expected 2");
  more[21] = std::byte{0b100010};
  CHECK_THROWS_WITH(read_back<TopK>(more),
                    "tensor flags name 2 values, some behind the last one, expected 2");
  for (const double share : {0.0, -1.0, 1.1, std::nan("")}) {
    CHECK_THROWS_AS(TopK(share), ContractViolation);
  }
}

TEST_CASE("zstd packs what repeats, and unpacks no more than the shape can need", "[protocol]") {
  Tensor<float> flat({2, 1, 64, 64});
  CHECK(written(Zstd<Uint8>(), flat).size() < 64);
  CHECK(largest_error(carried(Zstd<Uint8>(), flat), flat) < 0.004);  // 1/255 measured
  auto bytes = written(Zstd<Uint8>(), flat);
  const std::uint32_t fewer = 1;
  std::memcpy(&bytes[1], &fewer, sizeof fewer);
  CHECK_THROWS_WITH(read_back<Zstd<Uint8>>(bytes),
                    "packed tensor unpacks to 8192 bytes, expected at most 4096");
}

TEST_CASE("With feedback, the sum of what was sent stays near the sum of what was to be sent",
          "[protocol]") {
  const TopK quarter(0.25);
  const Tensor<float> constant = images();
  Tensor<float> residual;
  Tensor<float> sum(constant.shape());
  constexpr int kSteps = 40;
  for (int step = 0; step < kSteps; ++step) {
    Tensor<float> sent = constant;
    ByteWriter writer;
    write_with_feedback(quarter, sent, residual, writer);
    CHECK(writer.size() == quarter.most_bytes(constant.shape()));
    for (std::size_t i = 0; i < sum.size(); ++i) sum.values()[i] += sent.values()[i];
  }
  double with = 0;
  double without = 0;
  const auto once = carried(quarter, constant);
  for (std::size_t i = 0; i < sum.size(); ++i) {
    with = std::max(with, std::abs(double{sum.values()[i]} / kSteps - constant.values()[i]));
    without = std::max(without, std::abs(double{once.values()[i]} - constant.values()[i]));
  }
  CHECK(without > 0.7);  // 0.77 measured: what is small is never sent
  CHECK(with < 0.1);     // 0.041 measured
  Tensor<float> other({1, 1, 1, 1});
  ByteWriter writer;
  CHECK_THROWS_AS(write_with_feedback(quarter, other, residual, writer), ShapeError);
}

}  // namespace
}  // namespace asyndgan::protocol
