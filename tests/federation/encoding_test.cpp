// SPDX-License-Identifier: Apache-2.0
//
// Runs whose fakes and gradients cross with fewer bytes than they have.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using Float = test::Federation<float>;

struct Outcome {
  std::vector<float> weights;
  std::uint64_t sent;  // by the first site
};

Outcome run(std::uint8_t fakes, std::uint8_t gradients, double share = 1) {
  auto options = Float::defaults();
  options.central.fakes_encoding = protocol::AnyEncoding::of(fakes);
  options.central.gradient_encoding = protocol::AnyEncoding::of(gradients, share);
  Float federation(options);
  federation.run();
  return {federation.weights(), federation.ledgers[0].bytes()};
}

constexpr auto kFloat32 = protocol::encodings::Float32::kCode;
constexpr auto kFloat16 = protocol::encodings::Float16::kCode;
constexpr auto kUint8 = protocol::encodings::Uint8::kCode;
constexpr auto kInt8 = protocol::encodings::Int8::kCode;
constexpr auto kTopK = protocol::encodings::TopK::kCode;

TEST_CASE("Gradients cross as the centre asks for them", "[federation]") {
  const Outcome exact = run(kFloat32, kFloat32);
  const std::uint64_t gradients =
      std::uint64_t{3} * 2 * Float::kSide * Float::kSide;  // values, in 3 steps
  CHECK(exact.sent - run(kFloat32, kFloat16).sent == 2 * gradients);
  CHECK(exact.sent - run(kFloat32, kInt8).sent == 3 * gradients - 6 * sizeof(float));
  CHECK(run(kFloat32, kTopK, 0.1).sent < exact.sent - 3 * gradients);
  CHECK(run(kUint8, kFloat32).sent == exact.sent);
}

TEST_CASE("However label maps are written, the run is the same", "[federation]") {
  const auto with = [](std::uint8_t code) {
    auto options = Float::defaults();
    options.site.label_maps_encoding = options.central.label_maps_encoding =
        protocol::AnyLabelEncoding::of(code, 3);
    Float federation(options);
    federation.run();
    return Outcome{federation.weights(), federation.ledgers[0].bytes()};
  };
  const Outcome raw = with(protocol::encodings::RawLabels::kCode);
  const Outcome packed = with(protocol::encodings::PackedLabels::kCode);
  CHECK(raw.weights == with(protocol::encodings::ZstdLabels::kCode).weights);
  CHECK(raw.weights == packed.weights);
  // A batch of 2 in each of 3 steps: a byte a pixel, or 2 bits; the length of 8 bytes, or 4 that
  // say how many classes there are.
  constexpr std::uint64_t kPixels = 3 * 2 * Float::kSide * Float::kSide;
  CHECK(raw.sent - packed.sent == kPixels * 3 / 4 + 3 * 4);
}

TEST_CASE("What is lost on the way is the same every time, and little", "[federation]") {
  const Outcome exact = run(kFloat32, kFloat32);
  const Outcome lossy = run(kUint8, kInt8);
  CHECK(lossy.weights == run(kUint8, kInt8).weights);
  CHECK(lossy.weights == run(kUint8, 0x80 | kInt8).weights);
  double largest = 0;
  for (std::size_t i = 0; i < exact.weights.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(exact.weights[i] - lossy.weights[i])));
  }
  CHECK(largest > 0);
  // Three steps of Adam move a weight by 6e-4 at most, and so two runs apart by 1.2e-3.
  CHECK(largest < 1.3e-3);  // measured 1.04e-3
}

}  // namespace
}  // namespace asyndgan::federation
