// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/protocol/codec.hpp"

#include <bit>
#include <cstring>
#include <limits>

#include "protocol/samples.hpp"
#include "support/catch.hpp"

namespace asyndgan::protocol {
namespace {

using test::Samples;

constexpr RunId kRun = 0x1122334455667788;

template <AnyMessage M>
M round_trip(const M& message) {
  return expect<M>(decode(Samples::frame(message, kRun), {}, kRun));
}

TEST_CASE("Welcome, Refusal and Goodbye come back as they were", "[protocol]") {
  CHECK(round_trip(Samples::welcome()) == Samples::welcome());
  CHECK(round_trip(Samples::refusal()) == Samples::refusal());
  CHECK(round_trip(Samples::goodbye()) == Samples::goodbye());
  CHECK(round_trip(Goodbye{}).reason.empty());
}

TEST_CASE("Hello comes back as it was", "[protocol]") {
  const Hello hello = Samples::hello();
  const Hello back = round_trip(hello);
  CHECK(back.site_name == hello.site_name);
  CHECK(back.facts.value() == hello.facts.value());
  CHECK((back.goes_on_with == hello.goes_on_with));
}

TEST_CASE("Masks come back as they were, in every encoding", "[protocol]") {
  const Masks masks = Samples::masks();
  const auto sized = [&](std::uint8_t code) {
    const auto frame =
        Samples::frame(masks, kRun, {.label_maps = AnyLabelEncoding::of(code, /*classes=*/4)});
    const auto back = expect<Masks>(decode(frame, {}, kRun));
    CHECK(back.step == masks.step);
    CHECK(back.maps.value() == masks.maps.value());
    CHECK(back.maps.provenance().treatment == "received");
    CHECK(back.maps.provenance().items == 3);
    return frame.size() - FrameHeader::kSize - 1 - 12;
  };
  // 3 maps of 5 x 7, of 4 classes, that repeat.
  CHECK(sized(encodings::RawLabels::kCode) == 8 + 105);
  CHECK(sized(encodings::ZstdLabels::kCode) < 8 + 105);
  CHECK(sized(encodings::PackedLabels::kCode) == 4 + 27);
}

TEST_CASE("A label map that does not shrink travels raw", "[protocol]") {
  LabelMap noise(1, 64, 64);
  const random::Stream stream({.seed = 5});
  for (std::size_t i = 0; i < noise.labels.size(); ++i) {
    noise.labels[i] = static_cast<std::uint8_t>(stream.below(i, 256));
  }
  const Masks masks{1, privacy::Release::public_label_maps(noise)};
  const auto frame = Samples::frame(masks, kRun);
  CHECK(frame.size() == FrameHeader::kSize + 1 + 12 + 8 + noise.labels.size());
  CHECK(expect<Masks>(decode(frame, {})).maps.value() == noise);
}

TEMPLATE_TEST_CASE("Tensors come back bit for bit, NaN payloads included", "[protocol]", float,
                   double) {
  using Bits = std::conditional_t<sizeof(TestType) == 4, std::uint32_t, std::uint64_t>;
  auto images = test::uniform<TestType>({2, 3, 5, 7}, 1);
  const auto values = images.values();
  values[0] = std::bit_cast<TestType>(
      static_cast<Bits>(std::bit_cast<Bits>(std::numeric_limits<TestType>::quiet_NaN()) | 0x1234));
  values[1] = -std::numeric_limits<TestType>::infinity();
  values[2] = -TestType{0};
  values[3] = std::numeric_limits<TestType>::denorm_min();
  values[4] = std::numeric_limits<TestType>::signaling_NaN();
  const Fakes fakes{.step = 9,
                    .ask = Ask::generator,
                    .images = Samples::synthetic(images),
                    .maps = privacy::Release::public_label_maps(LabelMap(2, 5, 7)),
                    .next_step = 11,
                    .next_batch = 4};
  const Fakes back = round_trip(fakes);
  CHECK(back.step == 9);
  CHECK(back.ask == Ask::generator);
  CHECK(back.maps->value() == LabelMap(2, 5, 7));
  CHECK(back.next_step == 11);
  CHECK(back.next_batch == 4);
  const auto received = back.images.value().template to<TestType>();
  REQUIRE(received.shape() == images.shape());
  CHECK(std::memcmp(received.data(), images.data(), images.bytes()) == 0);
}

TEST_CASE("A tensor of the other precision is refused by name", "[protocol]") {
  const Fakes back =
      round_trip(Fakes{0, Ask::both, Samples::synthetic(Tensor<double>({1, 1, 2, 2}))});
  CHECK_THROWS_WITH(back.images.value().to<float>(), "tensor is float64, expected float32");
}

TEST_CASE("Gradients come back with and without their riders", "[protocol]") {
  const Gradient gradient = Samples::gradient();
  const Gradient back = round_trip(gradient);
  CHECK(back.step == gradient.step);
  CHECK(test::relative_error(back.d_fake.value().to<float>(),
                             gradient.d_fake.value().to<float>()) == 0);
  CHECK(back.losses->value() == gradient.losses->value());
  CHECK(back.next_maps->value() == gradient.next_maps->value());

  const Gradient bare{4, gradient.d_fake};
  const Gradient bare_back = round_trip(bare);
  CHECK_FALSE(bare_back.losses);
  CHECK_FALSE(bare_back.next_maps);
}

TEST_CASE("A message of another run or of another kind is refused", "[protocol]") {
  const auto frame = Samples::frame(Samples::goodbye(), kRun);
  CHECK_THROWS_WITH(decode(frame, {}, kRun + 1),
                    "run is 1234605616436508552, expected 1234605616436508553: a message of "
                    "another run");
  CHECK_THROWS_WITH(expect<Gradient>(decode(frame, {}, kRun)),
                    "peer sent goodbye, expected gradient: disk full at the site");
  CHECK_THROWS_WITH(expect<Masks>(decode(Samples::frame(Samples::welcome(), kRun), {})),
                    "peer sent welcome, expected masks");
}

/// Of every encoding.
std::vector<AnyEncoding> encodings() {
  std::vector<AnyEncoding> all;
  for (const int inner : {4, 16, 17, 18, 19, 20}) {
    for (const int code : {inner, 0x80 | inner}) {
      all.push_back(AnyEncoding::of(static_cast<std::uint8_t>(code), 0.5));
    }
  }
  return all;
}

TEST_CASE("A message's tensor comes in any encoding, and says in which", "[protocol]") {
  for (const AnyEncoding& encoding : encodings()) {
    CAPTURE(encoding.describe());
    const auto values = test::uniform<float>({2, 3, 5, 7}, 1);
    ByteWriter writer;
    encoding.write(values, writer);
    ByteReader reader(writer.written().subspan(17));  // behind code and extents
    const auto expected = encoding.read(values.shape(), reader);
    const auto frame = Samples::frame(Samples::fakes(), kRun, {.tensors = encoding});
    CHECK(frame[FrameHeader::kSize + 1] == static_cast<std::byte>(encoding.code()));
    const auto back = expect<Fakes>(decode(frame, {})).images.value().to<float>();
    CHECK(back.to_host() == expected.to_host());
  }
}

TEST_CASE("Double precision has no encoding that loses", "[protocol]") {
  const auto values = test::uniform<double>({2, 3, 5, 7}, 1);
  Fakes fakes = Samples::fakes();
  fakes.images = Samples::synthetic(values);
  const auto frame = Samples::frame(fakes, kRun, {.tensors = AnyEncoding::of(19)});
  CHECK(expect<Fakes>(decode(frame, {})).images.value().to<double>().to_host() == values.to_host());
}

TEST_CASE("FrameKinds tells frames apart, and says nothing of other bytes", "[protocol]") {
  const auto frames = Samples::frames(kRun);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    CHECK(static_cast<std::size_t>(FrameKinds::kind_of(frames[i])) == i + 1);
  }
  auto frame = frames[0];
  CHECK(FrameKinds::kind_of(std::span(frame).first(FrameHeader::kSize - 1)) == Kind{});
  CHECK(FrameKinds::kind_of({}) == Kind{});
  frame[6] = std::byte{8};
  CHECK(FrameKinds::kind_of(frame) == Kind{});
  frame[6] = std::byte{1};
  frame[7] = std::byte{1};
  CHECK(FrameKinds::kind_of(frame) == Kind{});
}

}  // namespace
}  // namespace asyndgan::protocol
