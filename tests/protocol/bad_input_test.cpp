// SPDX-License-Identifier: Apache-2.0
//
// What a broken or hostile peer may send. Every case must end in a ProtocolError that names the
// field, and take no memory that the frame itself does not pay for.
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "asyndgan/protocol/codec.hpp"
#include "protocol/samples.hpp"
#include "support/catch.hpp"

namespace asyndgan::protocol {
namespace {

using test::Samples;
using Bytes = std::vector<std::byte>;

constexpr RunId kReceiverRun = 77;
constexpr std::size_t kPayload = FrameHeader::kSize;

template <class U>
void put(Bytes& bytes, std::size_t at, U value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// Makes length and checksums right again after the payload changed.
Bytes resealed(Bytes frame) {
  const auto payload = std::span(frame).subspan(kPayload);
  put(frame, 8, static_cast<std::uint64_t>(payload.size()));
  put(frame, 32, crc32c(payload));
  put(frame, 36, crc32c(std::span(frame).first(36)));
  return frame;
}

template <class U>
Bytes with(Bytes frame, std::size_t at, U value) {
  put(frame, at, value);
  return resealed(std::move(frame));
}

std::string error_of(const Bytes& frame, const Limits& limits = {}) {
  try {
    (void)decode(frame, limits, kReceiverRun);
  } catch (const ProtocolError& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("A frame cut short at any byte is refused", "[protocol]") {
  for (const Bytes& frame : Samples::frames(kReceiverRun)) {
    for (std::size_t size = 0; size < frame.size(); ++size) {
      const Bytes cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
      REQUIRE_THROWS_AS(decode(cut, {}), ProtocolError);
      // Also with a length and checksums that fit the cut: the fields themselves are missing.
      if (size >= kPayload) REQUIRE_THROWS_AS(decode(resealed(cut), {}), ProtocolError);
    }
    Bytes longer = frame;
    longer.push_back(std::byte{0});
    REQUIRE_THROWS_AS(decode(longer, {}), ProtocolError);
    REQUIRE(error_of(resealed(longer)) == "message has 1 bytes after its last field, expected 0");
  }
}

TEST_CASE("Every flipped bit of a frame is refused", "[protocol]") {
  for (const Bytes& original : Samples::frames(kReceiverRun)) {
    Bytes frame = original;
    for (std::size_t bit = 0; bit < 8 * frame.size(); ++bit) {
      frame[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      REQUIRE_THROWS_AS(decode(frame, {}, kReceiverRun), ProtocolError);
      frame[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    }
    CHECK_NOTHROW(decode(frame, {}, kReceiverRun));
  }
}

TEST_CASE("Each header field that is wrong is named", "[protocol]") {
  const Bytes good = Samples::frame(Samples::masks(), kReceiverRun);
  CHECK(error_of({}) == "message has 0 bytes, expected at least the header's 40");
  CHECK(error_of(with(good, 0, std::uint32_t{0x41444E47})) ==
        "magic is 0x41444e47, expected 0x4e474441 (\"ADGN\"): not a peer of ours");
  CHECK(error_of(with(good, 4, std::uint16_t{4})) ==
        "wire version is 4, expected 2 or 3: update the older side");
  CHECK(error_of(with(good, 4, std::uint16_t{1})) ==
        "wire version is 1, expected 2 or 3: update the older side");
  CHECK(error_of(with(good, 4, std::uint16_t{0x0100})) ==  // the other byte order
        "wire version is 256, expected 2 or 3: update the older side");
  CHECK(error_of(with(good, 6, std::uint16_t{0})) == "kind is 0, expected 1 to 7");
  CHECK(error_of(with(good, 6, std::uint16_t{8})) == "kind is 8, expected 1 to 7");
  CHECK(error_of(with(good, 16, std::uint64_t{78})) ==
        "run is 78, expected 77: a message of another run");
  Bytes damaged = good;
  damaged.back() ^= std::byte{1};
  CHECK_THAT(error_of(damaged), Catch::StartsWith("payload checksum is 0x") &&
                                    Catch::EndsWith(": damaged on the way"));
  damaged = good;
  damaged[24] ^= std::byte{1};  // step
  CHECK_THAT(error_of(damaged), Catch::StartsWith("header checksum is 0x"));
  CHECK(error_of(with(Samples::frame(Samples::hello(), kReceiverRun), 24, std::uint64_t{1})) ==
        "step is 1, expected 0 in a hello");
}

TEST_CASE("Payload lengths that lie are refused before anything is read", "[protocol]") {
  const Limits limits{.message = 1000};
  for (const std::uint64_t length :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 31, std::uint64_t{1} << 32,
        std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max()}) {
    Bytes frame = Samples::frame(Samples::goodbye(), kReceiverRun);
    const auto arrived = std::to_string(frame.size() - kPayload);
    put(frame, 8, length);
    put(frame, 36, crc32c(std::span(frame).first(36)));
    CHECK(error_of(frame, limits) ==
          "payload length is " + std::to_string(length) + " bytes, expected " +
              (length > 1000 ? "at most 1000" : "the " + arrived + " that arrived"));
  }
}

TEST_CASE("A tensor's extents are held against the limits, then against the bytes", "[protocol]") {
  const Bytes good = Samples::frame(Samples::fakes(), kReceiverRun);  // (2, 3, 5, 7)
  const std::size_t precision = kPayload + 1;
  const std::size_t n = precision + 1;
  CHECK(error_of(with(good, precision, std::uint8_t{2})) ==
        "tensor encoding is 2, which stands for none that this side knows");
  CHECK(error_of(with(good, n, std::uint32_t{0})) == "tensor batch is 0, expected 1 to 64");
  CHECK(error_of(with(good, n, std::uint32_t{65})) == "tensor batch is 65, expected 1 to 64");
  CHECK(error_of(with(good, n + 4, std::uint32_t{0xFFFFFFFF})) ==
        "tensor channels is 4294967295, expected 1 to 16");
  CHECK(error_of(with(good, n + 8, std::uint32_t{1025})) ==
        "tensor height is 1025, expected 1 to 1024");
  CHECK(error_of(with(good, n + 12, std::uint32_t{0x80000000})) ==
        "tensor width is 2147483648, expected 1 to 1024");
  // 2^30 elements within the limits of their extents.
  const Bytes large = with(good, n, std::array<std::uint32_t, 4>{64, 16, 1024, 1024});
  CHECK(error_of(large) == "tensor unpacks to 4294967296 bytes, expected at most 268435456");
  // 2^26 of them, 840 bytes there and 13 behind them.
  CHECK(error_of(with(good, n, std::array<std::uint32_t, 4>{4, 16, 1024, 1024})) ==
        "tensor values needs 268435456 bytes, the message has 853 left");
  CHECK(error_of(with(good, precision, std::uint8_t{8})) ==
        "tensor values needs 1680 bytes, the message has 853 left");
  CHECK(error_of(with(good, kPayload, std::uint8_t{3})) == "ask is 3, expected 0 to 2");
  CHECK(error_of(with(good, good.size() - 13, std::uint8_t{2})) ==
        "maps present is 2, expected 0 to 1");
  CHECK(error_of(with(good, good.size() - 12, std::uint64_t{5})) ==
        "next step is 5, expected 6 or later");
  CHECK(error_of(with(good, good.size() - 4, std::uint32_t{65})) ==
        "next batch is 65, expected 0 to 64");
}

TEST_CASE("Extents whose product overflows 64 bits are refused even under absurd limits",
          "[protocol]") {
  constexpr std::uint32_t kAny = std::numeric_limits<std::uint32_t>::max();
  const Limits absurd{.batch = kAny, .channels = kAny, .height = kAny, .width = kAny};
  const Bytes fakes = Samples::frame(Samples::fakes(), kReceiverRun);
  const std::size_t n = kPayload + 2;
  // Times 4 bytes this is 2^64 + 840: wrapped, it would fit the 840 bytes that are there.
  CHECK(error_of(with(fakes, n, std::array<std::uint32_t, 4>{2, 149183, 151433, 102068063}),
                 absurd) == "tensor has more bytes than 64 bits can count");
  // 2^62 elements of 4 bytes: exactly 2^64 bytes, which would wrap to 0.
  CHECK(error_of(with(fakes, n, std::array<std::uint32_t, 4>{1U << 30, 1U << 30, 4, 1}), absurd) ==
        "tensor has more bytes than 64 bits can count");
  CHECK(error_of(with(fakes, n, std::uint32_t{0x80000000}), absurd) ==
        "tensor batch is 2147483648, expected 1 to 2147483647");
  const Bytes masks = Samples::frame(Samples::masks(), kReceiverRun);
  CHECK(error_of(with(masks, kPayload + 1,
                      std::array<std::uint32_t, 3>{0x7FFFFFFF, 0x7FFFFFFF, 0x7FFFFFFF}),
                 absurd) == "label map has more bytes than 64 bits can count");
}

TEST_CASE("A label map that does not fit itself is refused", "[protocol]") {
  const Masks masks = Samples::masks();  // (3, 5, 7)
  const Bytes raw = Samples::frame(
      masks, kReceiverRun, {.label_maps = AnyLabelEncoding::of(encodings::RawLabels::kCode)});
  const Bytes packed = Samples::frame(masks, kReceiverRun);
  const std::size_t n = kPayload + 1;
  const std::size_t length = n + 12;
  CHECK(error_of(with(raw, kPayload, std::uint8_t{3})) ==
        "label map encoding is 3, expected 0 to 2: raw, zstd or packed");
  CHECK(error_of(with(raw, n, std::uint32_t{4})) == "label map length is 105, expected 140");
  CHECK(error_of(with(packed, n, std::uint32_t{4})) ==
        "label map unpacks to 105 bytes, expected 140");
  CHECK(error_of(with(packed, length, std::uint64_t{105})) ==
        "label map length is 105, expected below 105");
  CHECK_THAT(error_of(with(packed, length, std::uint64_t{60})),
             Catch::StartsWith("label map needs 60 bytes, the message has "));
  CHECK(error_of(with(packed, length + 8, std::uint32_t{0})) ==
        "label map unpacks to an unknown number of bytes, expected 105");
  CHECK_THAT(error_of(with(packed, packed.size() - 4, std::uint32_t{0xDEADBEEF})),
             Catch::StartsWith("label map "));
  CHECK(error_of(raw, {.classes = 3}) == "label at pixel 15 is 3, expected below 3 classes");
  CHECK(error_of(packed, {.classes = 3}) == "label at pixel 15 is 3, expected below 3 classes");
}

TEST_CASE("A decompression bomb is refused by what it declares", "[protocol]") {
  // 64 MiB of zeros pack into some kB; the limit of this side's own configuration is 1 MB.
  constexpr std::size_t kSize = std::size_t{64} << 20;
  const Masks bomb{1, privacy::Release::public_label_maps(LabelMap(64, 1024, 1024))};
  const Bytes frame = Samples::frame(bomb, kReceiverRun);
  REQUIRE(frame.size() < kSize / 1000);
  CHECK(error_of(frame, {.message = 1'000'000}) ==
        "label map has 67108864 pixels, expected at most 1000000");
  CHECK(error_of(frame, {.batch = 4}) == "label map batch is 64, expected 1 to 4");
  // One that declares little and holds much.
  Bytes liar = with(frame, kPayload + 1, std::array<std::uint32_t, 3>{1, 256, 256});
  CHECK(error_of(liar) == "label map unpacks to 67108864 bytes, expected 65536");
}

TEST_CASE("Texts are bounded, printable and safe as a file name", "[protocol]") {
  const auto named = [](const std::string& name) {
    Hello hello = Samples::hello();
    hello.site_name = name;
    return Samples::frame(hello, kReceiverRun);
  };
  const std::string rule = "expected one without '/' and '\\' that does not start with '.'";
  CHECK(error_of(named("")) == "site name is '', " + rule);
  CHECK(error_of(named("../../etc")) == "site name is '../../etc', " + rule);
  CHECK(error_of(named("/etc")) == "site name is '/etc', " + rule);
  CHECK(error_of(named("a\\b")) == "site name is 'a\\b', " + rule);
  CHECK(error_of(named(std::string("a\0b", 3))) ==
        "site name has the byte 0 at 1, expected printable UTF-8");
  CHECK(error_of(named("a\x1B[2J")) == "site name has the byte 27 at 1, expected printable UTF-8");
  CHECK(error_of(named(std::string(1025, 'a'))) == "site name is 1025, expected 0 to 1024");
  // Bad UTF-8: lone continuation, overlong '/', surrogate, above U+10FFFF, C1 control, cut short.
  for (const char* text : {"\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                           "\xC2\x85", "\xE2\x82", "\xFF"}) {
    CHECK_THAT(error_of(named(text)), Catch::EndsWith(" at 0, expected printable UTF-8"));
  }
  CHECK(error_of(named("Zürich 東京 😀")) == "no error");
}

TEST_CASE("A Hello that does not add up is refused", "[protocol]") {
  const Hello hello = Samples::hello();
  const Bytes good = Samples::frame(hello, kReceiverRun);
  const std::size_t facts = kPayload + 4 + hello.site_name.size();
  CHECK(error_of(with(good, facts + 8, std::uint32_t{33})) ==
        "channel names is 33, expected 0 to 32");
  CHECK(error_of(with(good, facts + 8, std::uint32_t{0x10000000})) ==
        "channel names is 268435456, expected 0 to 32");
  const std::size_t ranges = good.size() - 36;  // two of them, behind their number
  const std::size_t available = ranges - 17;
  CHECK(error_of(with(good, available, std::uint32_t{8})) ==
        "channels available is 8, expected 0 to 7");
  CHECK(error_of(with(good, available + 4, std::uint32_t{0})) == "classes is 0, expected 1 to 256");
  CHECK(error_of(with(good, ranges - 1, std::uint8_t{2})) ==
        "sends label maps is 2, expected 0 to 1");
  CHECK(error_of(with(good, ranges, std::uint32_t{65})) ==
        "number of step ranges is 65, expected 0 to 64");
  CHECK(error_of(with(good, ranges + 12, std::uint64_t{39})) ==
        "last step of a range is 39, expected 40 to 18446744073709551615");
}

TEST_CASE("Numbers of a Welcome out of their range are refused", "[protocol]") {
  const Bytes good = Samples::frame(Samples::welcome(), kReceiverRun);
  CHECK(error_of(with(good, kPayload, std::uint32_t{0})) == "rank is 0, expected 1 to 2147483647");
  constexpr std::size_t kEncoding = 9;  // of the gradients, the last of the fields
  const std::size_t end = good.size() - kEncoding;
  CHECK(error_of(with(good, end, std::uint8_t{99})) ==
        "tensor encoding is 99, which stands for none that this side knows");
  CHECK(error_of(with(with(good, end, encodings::TopK::kCode), end + 1, double{2})) ==
        "share of values sent is 2.000000, expected above 0 and at most 1");
  CHECK(error_of(with(good, end - 14, std::uint32_t{1048577})) ==
        "batch is 1048577, expected 0 to 1048576");
  CHECK(error_of(with(good, end - 10, std::uint32_t{0})) ==
        "largest batch is 0, expected 1 to 1048576");
  CHECK(error_of(with(good, end - 2, std::uint8_t{2})) == "fresh fakes is 2, expected 0 to 1");
  CHECK(error_of(with(good, end - 1, std::uint8_t{2})) == "every step is 2, expected 0 to 1");
  CHECK(error_of(with(good, end - 14, std::uint32_t{5})) ==
        "batch is 5, expected at most the largest batch, 4");
  CHECK(error_of(with(good, end - 6, std::uint32_t{0})) ==
        "discriminator steps is 0, expected 1 to 1000");
}

}  // namespace
}  // namespace asyndgan::protocol
