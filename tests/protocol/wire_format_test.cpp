// SPDX-License-Identifier: Apache-2.0
//
// A frame of every kind, written out by hand from docs/wire_format.md, the checksums by an
// independent CRC-32C: what is sent are these bytes, and they are read as what they say.
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/protocol/codec.hpp"
#include "protocol/samples.hpp"
#include "support/catch.hpp"

namespace asyndgan::protocol {
namespace {

using test::Samples;

constexpr RunId kExampleRun = 0x0807060504030201;
const auto kRaw = AnyLabelEncoding::of(encodings::RawLabels::kCode);

/// Without the blanks between the fields.
std::string joined(std::string hex) {
  std::erase(hex, ' ');
  return hex;
}

template <AnyMessage M>
M read(const std::string& hex) {
  std::vector<std::byte> frame;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    frame.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return expect<M>(decode(frame, {}, kExampleRun));
}

template <AnyMessage M>
std::string written(const M& message, const EncodeOptions& options = {}) {
  return Samples::hex(Samples::frame(message, kExampleRun, options));
}

Tensor<float> row(const std::vector<float>& values) {
  return Tensor<float>::from_host({1, 1, 1, static_cast<int>(values.size())}, values);
}
std::vector<float> values_of(const privacy::Shareable<privacy::HostTensor>& tensor) {
  return tensor.value().to<float>().to_host();
}

LabelMap map_of(int h, int w, std::vector<std::uint8_t> labels) {
  LabelMap map(1, h, w);
  map.labels = std::move(labels);
  return map;
}

TEST_CASE("The bytes of a Hello are those of the format description", "[protocol]") {
  const std::string bytes = joined(
      "4144474e"                             // "ADGN"
      "0300"                                 // wire version
      "0100"                                 // hello
      "4300000000000000"                     // payload length, 67
      "0102030405060708"                     // run
      "0000000000000000"                     // step
      "fc26bff2"                             // payload checksum
      "163d474e"                             // header checksum
      "02000000 5374"                        // site name, "St"
      "2c01000000000000"                     // 300 samples
      "02000000"                             // channel names:
      "02000000 7431"                        //   "t1"
      "02000000 7432"                        //   "t2"
      "02000000"                             // channels available: the second
      "03000000"                             // classes
      "40000000 30000000"                    // height 64, width 48
      "01"                                   // sends label maps
      "01000000"                             // ranges of steps that it can go on with:
      "0400000000000000 0500000000000000");  // 4 to 5
  const privacy::SiteFacts facts{.samples = 300,
                                 .channels = {"t1", "t2"},
                                 .available = 0b10,
                                 .classes = 3,
                                 .height = 64,
                                 .width = 48};
  CHECK(written(Hello{"St", Samples::release().facts(facts), {{4, 5}}}) == bytes);
  const auto hello = read<Hello>(bytes);
  CHECK(hello.site_name == "St");
  CHECK(hello.facts.value() == facts);
  CHECK((hello.goes_on_with == std::vector<StepRange>{{4, 5}}));
}

TEST_CASE("The bytes of a Welcome are those of the format description", "[protocol]") {
  const std::string bytes = joined(
      "4144474e 0300 0200"  // welcome
      "2b00000000000000"    // payload length, 43
      "0102030405060708 0000000000000000 35a6390a d0c8a8dc"
      "02000000"            // rank
      "0700000000000000"    // first step
      "f401000000000000"    // 500 steps
      "03000000"            // batch
      "04000000"            // largest batch
      "02000000"            // discriminator steps
      "01"                  // fresh fakes
      "00"                  // not every step
      "14"                  // gradients by top-k, 20
      "000000000000d03f");  // of a quarter of the values
  const Welcome welcome{.rank = 2,
                        .first_step = 7,
                        .steps = 500,
                        .batch = 3,
                        .largest_batch = 4,
                        .discriminator_steps = 2,
                        .fresh_fakes = true,
                        .every_step = false,
                        .gradient_encoding = encodings::TopK::kCode,
                        .gradient_share = 0.25};
  CHECK(written(welcome) == bytes);
  CHECK((read<Welcome>(bytes) == welcome));
}

TEST_CASE("The bytes of Masks are those of the format description", "[protocol]") {
  const std::string bytes = joined(
      "4144474e 0300 0300"  // masks
      "1b00000000000000"    // payload length, 27
      "0102030405060708 0500000000000000 aca6695c b58d1214"
      "00"                          // raw
      "01000000 02000000 03000000"  // N, H, W
      "0600000000000000"            // length
      "000102 010002");             // two rows
  const LabelMap map = map_of(2, 3, {0, 1, 2, 1, 0, 2});
  CHECK(written(Masks{5, privacy::Release::public_label_maps(map)}, {.label_maps = kRaw}) == bytes);
  const auto masks = read<Masks>(bytes);
  CHECK(masks.step == 5);
  CHECK(masks.maps.value() == map);
}

TEST_CASE("Masks in a zstd frame of another writer are read", "[protocol]") {
  // RFC 8878: a frame of one segment, whose one block repeats a byte. What zstd itself writes is
  // its release's to choose.
  const auto masks =
      read<Masks>(joined("4144474e 0300 0300 1f00000000000000"  // payload length, 31
                         "0102030405060708 0500000000000000 a57eac0a 61c95496"
                         "01"                          // one zstd frame
                         "01000000 03000000 04000000"  // N, H, W
                         "0a00000000000000"            // length
                         "28b52ffd"                    // zstd
                         "20 0c"                       // one segment, of 12 bytes
                         "630000"  // the last block, a byte repeated: 12 << 3 | 1 << 1 | 1
                         "01"));
  CHECK(masks.maps.value() == map_of(3, 4, std::vector<std::uint8_t>(12, 1)));
}

TEST_CASE("The bytes of packed Masks are those of the format description", "[protocol]") {
  const std::string bytes = joined(
      "4144474e 0300 0300 1400000000000000"  // payload length, 20
      "0102030405060708 0500000000000000 c372a01a 9370feaa"
      "02"                          // packed
      "01000000 02000000 03000000"  // N, H, W
      "05000000"                    // 5 classes: 3 bits a pixel
      "880802");                    // 0 + 1 << 3 + 2 << 6 + 4 << 9 + 0 << 12 + 4 << 15, 18 bits
  const LabelMap map = map_of(2, 3, {0, 1, 2, 4, 0, 4});
  CHECK(written(Masks{5, privacy::Release::public_label_maps(map)},
                {.label_maps = AnyLabelEncoding::of(encodings::PackedLabels::kCode, 5)}) == bytes);
  CHECK(read<Masks>(bytes).maps.value() == map);
}

TEST_CASE("A frame of the wire version before is read and written", "[protocol]") {
  const std::string bytes = joined(
      "4144474e 0200 0600 0600000000000000"
      "0102030405060708 0300000000000000 83c434c7 970bafb1"
      "02000000 6e6f");
  const Refusal refusal{.step = 3, .reason = "no"};
  CHECK((read<Refusal>(bytes) == refusal));
  CHECK(written(refusal, {.version = 2}) == bytes);
}

TEST_CASE("The bytes of Fakes are those of the format description", "[protocol]") {
  const std::string bytes = joined(
      "4144474e 0300 0400"  // fakes
      "3e00000000000000"    // payload length, 62
      "0102030405060708 0600000000000000 1add6c26 1cadf66e"
      "01"                                   // train D
      "04"                                   // float32
      "01000000 01000000 01000000 02000000"  // N, C, H, W
      "0000803f 000000c0"                    // 1, -2
      "01"                                   // a label map follows
      "00 01000000 01000000 02000000"        // raw; N, H, W
      "0200000000000000 0100"                // length, classes
      "0600000000000000"                     // next step: this one again
      "01000000");                           // next batch
  const LabelMap map = map_of(1, 2, {1, 0});
  CHECK(written(Fakes{.step = 6,
                      .ask = Ask::discriminator,
                      .images = Samples::synthetic(row({1, -2})),
                      .maps = privacy::Release::public_label_maps(map),
                      .next_step = 6,
                      .next_batch = 1},
                {.label_maps = kRaw}) == bytes);
  const auto fakes = read<Fakes>(bytes);
  CHECK(fakes.step == 6);
  CHECK(fakes.ask == Ask::discriminator);
  CHECK(values_of(fakes.images) == std::vector<float>{1, -2});
  CHECK(fakes.maps->value() == map);
  CHECK(fakes.next_step == 6);
  CHECK(fakes.next_batch == 1);
}

privacy::Shareable<privacy::HostTensor> gradient_of(const std::vector<float>& values) {
  return Samples::release().gradient(
      privacy::SiteGradient<float>{row(values), privacy::Reveals::discriminator_only},
      privacy::PassThrough{}, 7);
}

TEST_CASE("The bytes of a Gradient are those of the format description", "[protocol]") {
  const std::string bytes = joined(
      "4144474e 0300 0500"  // gradient
      "5200000000000000"    // payload length, 82
      "0102030405060708 0700000000000000 345c57c8 c395bcba"
      "04"                                   // float32
      "01000000 01000000 01000000 02000000"  // N, C, H, W
      "0000003f 000080be"                    // 0.5, -0.25
      "01"                                   // losses follow
      "000000000000d03f"                     // of D on real images, 0.25
      "000000000000e03f"                     // of D on fakes, 0.5
      "00000000000008c0"                     // of G, -3
      "0800000000000000"                     // samples
      "01"                                   // a label map follows
      "00 01000000 01000000 02000000"        // raw; N, H, W
      "0200000000000000 0200");              // length, classes
  const privacy::Losses losses{
      .discriminator_real = 0.25, .discriminator_fake = 0.5, .generator = -3, .samples = 8};
  privacy::LossAverage average;
  average.add(losses);
  const LabelMap map = map_of(1, 2, {2, 0});
  CHECK(written(Gradient{7, gradient_of({0.5F, -0.25F}), Samples::release().losses(average),
                         privacy::Release::public_label_maps(map)},
                {.label_maps = kRaw}) == bytes);
  const auto gradient = read<Gradient>(bytes);
  CHECK(gradient.step == 7);
  CHECK(values_of(gradient.d_fake) == std::vector<float>{0.5F, -0.25F});
  CHECK(gradient.losses->value() == losses);
  CHECK(gradient.next_maps->value() == map);
}

TEST_CASE("The bytes of a Gradient in int8 are those of the format description", "[protocol]") {
  const std::string bytes = joined(
      "4144474e 0300 0500 1a00000000000000"  // payload length, 26
      "0102030405060708 0800000000000000 d7feaf09 2ea39036"
      "13"                                   // int8
      "01000000 01000000 01000000 03000000"  // N, C, H, W
      "0402013c"                             // a step of 1/127
      "7f e0 00"                             // 127, -0.25 * 127 = -31.75, 0 steps
      "00 00");                              // no losses, no label map
  CHECK(written(Gradient{8, gradient_of({1, -0.25F, 0})}, {.tensors = AnyEncoding::of(19)}) ==
        bytes);
  const auto gradient = read<Gradient>(bytes);
  const float step = 1.0F / 127;
  CHECK(values_of(gradient.d_fake) == std::vector<float>{127 * step, -32 * step, 0});
  CHECK_FALSE(gradient.losses);
  CHECK_FALSE(gradient.next_maps);
}

TEST_CASE("The bytes of a Refusal are those of the format description", "[protocol]") {
  const std::string bytes = joined(
      "4144474e 0300 0600"  // refusal
      "0600000000000000"    // payload length
      "0102030405060708 0300000000000000 83c434c7 5cdb098c"
      "02000000 6e6f");  // "no"
  const Refusal refusal{.step = 3, .reason = "no"};
  CHECK(written(refusal) == bytes);
  CHECK((read<Refusal>(bytes) == refusal));
}

TEST_CASE("The bytes of a Goodbye are those of the format description", "[protocol]") {
  const std::string bytes = joined(
      "4144474e 0300 0700"  // goodbye
      "0700000000000000"    // payload length
      "0102030405060708 0000000000000000 c33ead0f a601ed6a"
      "03000000 627965");  // "bye"
  CHECK(written(Goodbye{"bye"}) == bytes);
  CHECK((read<Goodbye>(bytes) == Goodbye{"bye"}));
}

}  // namespace
}  // namespace asyndgan::protocol
