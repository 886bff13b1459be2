// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <thread>

#include "asyndgan/losses/l1.hpp"
#include "asyndgan/privacy/sanitizers/clip_norm.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using G = networks::ResnetGenerator<float>;
using FloatNet = networks::PatchDiscriminator<float>;
using transport::InProcess;

constexpr int kImageSide = 64;
constexpr int kImageClasses = 4;
constexpr int kBatch = 4;
constexpr int kRunSteps = 12;  // the last 8 are attacked: 8 * 4 * 64 * 64 = 131,072 pixels
constexpr int kAttacked = 8;

/// The label maps rendered with fine structure that only this image has. Tissue means lie close
/// to the untrained generator's output, so that the structure decides the sign of (fake - image).
Tensor<float> render(const LabelMap& maps, std::uint64_t seed) {
  Tensor<float> images({maps.n, 1, maps.h, maps.w});
  const random::Stream noise({.seed = seed, .purpose = random::Purpose::phantom});
  for (std::size_t i = 0; i < images.size(); ++i) {
    const double tissue = 0.05 * (maps.labels[i] - 1.5);
    images.values()[i] = static_cast<float>(std::clamp(tissue + 0.2 * noise.normal(i), -1.0, 1.0));
  }
  return images;
}

/// Share of pixels, in per cent, at which sign(gradient) is sign(fake - image).
struct Agreement {
  double paired = 0;  // with the site's image of that label map
  double other = 0;   // with another rendering of the same label map
  int pixels = 0;
};

/// A curious centre: runs the protocol honestly, and compares every gradient it gets with the
/// site's images. Nothing of the site's is touched but what arrives on the wire.
Agreement attack(const SiteOptions<FloatNet>& options) {
  auto slices = data::phantom({.count = 24,
                               .height = kImageSide,
                               .width = kImageSide,
                               .channels = 1,
                               .classes = kImageClasses,
                               .seed = 5});
  slices.images = render(slices.labels, 1);
  const data::Slices truth = slices;
  const Tensor<float> another = render(slices.labels, 2);

  transport::InProcessHub hub(1);
  InProcess centre = hub.join(transport::kCentral);
  privacy::EgressLedger ledger;
  Site<FloatNet, test::PhantomModality, InProcess> site(
      privacy::Private(std::move(slices)), test::PhantomModality{}, hub.join(1), ledger, options);
  std::jthread serving([&] {
    try {
      site.serve();
    } catch (const PolicyError&) {  // the centre was told, below
    }
  });

  constexpr protocol::RunId kRunId = 9;
  const auto patience = std::chrono::minutes(1);
  const auto receive = [&] { return protocol::decode(centre.receive(1, patience), {}); };
  const auto send = [&](const auto& message) { centre.send(1, protocol::encode(message, kRunId)); };

  (void)protocol::expect<protocol::Hello>(receive());
  send(protocol::Welcome{.rank = 1, .steps = kRunSteps, .batch = kBatch, .largest_batch = kBatch});
  LabelMap maps = protocol::expect<protocol::Masks>(receive()).maps.value();

  const modality::GeneratorInput input{.classes = kImageClasses, .noise_channels = 1};
  G generator(
      {.in_channels = input.channels(), .out_channels = 1, .base_channels = 4, .blocks = 1});
  State<float> state;
  generator.collect("", state);
  layers::initialize(state, {}, {.seed = 3});

  Agreement agreement;
  for (int step = 0; step < kRunSteps; ++step) {
    G::Saved saved;
    auto fakes = generate(
        generator, input.make<float>(maps, {.step = static_cast<std::uint32_t>(step)}), saved, {});
    const Tensor<float> fake = fakes.images();
    send(protocol::Fakes{.step = static_cast<std::uint64_t>(step),
                         .images = privacy::Release::synthetic(std::move(fakes)),
                         .next_step = static_cast<std::uint64_t>(step + 1),
                         .next_batch = step + 1 < kRunSteps ? kBatch : 0U});
    const auto answer = protocol::expect<protocol::Gradient>(receive());
    const auto d_fake = answer.d_fake.value().to<float>();

    for (int n = 0; n < kBatch && step >= kRunSteps - kAttacked; ++n) {
      const auto begin = maps.labels.begin() + static_cast<std::ptrdiff_t>(maps.plane()) * n;
      int match = 0;  // the site's sample of this label map
      while (!std::equal(
          begin, begin + static_cast<std::ptrdiff_t>(maps.plane()),
          truth.labels.labels.begin() + static_cast<std::ptrdiff_t>(maps.plane()) * match)) {
        ++match;
      }
      for (int y = 0; y < kImageSide; ++y) {
        for (int x = 0; x < kImageSide; ++x) {
          const bool up = d_fake(n, 0, y, x) > 0;
          agreement.paired += up == (fake(n, 0, y, x) > truth.images(match, 0, y, x));
          agreement.other += up == (fake(n, 0, y, x) > another(match, 0, y, x));
          ++agreement.pixels;
        }
      }
    }
    if (answer.next_maps) maps = answer.next_maps->value();
  }
  send(protocol::Goodbye{"done"});
  serving.join();
  agreement.paired *= 100.0 / agreement.pixels;
  agreement.other *= 100.0 / agreement.pixels;
  return agreement;
}

SiteOptions<FloatNet> site_options() {
  SiteOptions<FloatNet> options;
  options.name = "phantom";
  options.secret = 11;
  options.discriminator = {.in_channels = 0, .base_channels = 8, .layers = 2};
  options.flip = false;  // makes the attack easier
  return options;
}

// Measured: paired 51.5 %, other 51.6 %.
TEST_CASE("By default a gradient knows its own image no better than another rendering",
          "[federation]") {
  const Agreement agreement = attack(site_options());
  REQUIRE(agreement.pixels >= 100000);
  INFO("paired " << agreement.paired << " %, other " << agreement.other << " %");
  CHECK(std::abs(agreement.paired - agreement.other) <= 2);
}

// The published way of drawing, each fake beside the real image of its own label map, adds what
// D has just learned from that image. Measured: paired 51.5 %, other 51.6 %.
TEST_CASE("Drawing D's real images in pairs adds little to what a gradient knows", "[federation]") {
  auto options = site_options();
  options.pairing = Pairing::paired;
  const Agreement agreement = attack(options);
  INFO("paired " << agreement.paired << " %, other " << agreement.other << " %");
  CHECK(std::abs(agreement.paired - agreement.other) <= 2);
}

// Measured: paired 100 %, other 82.5 %.
TEST_CASE("The papers' L1 term gives the image away, and only by the steward's leave",
          "[federation]") {
  auto options = site_options();
  options.pairing = Pairing::paired;
  options.objective.paired_terms_that_reveal_images = {{100, &losses::l1<float, Cpu>}};
  options.sanitizer = privacy::ClipNorm(1e6);
  CHECK_THROWS_WITH(attack(options), Catch::Contains("this site's policy forbids it"));

  options.policy.allow_gradients_that_reveal_images = true;
  const Agreement agreement = attack(options);
  INFO("paired " << agreement.paired << " %, other " << agreement.other << " %");
  CHECK(agreement.paired >= 99);
}

}  // namespace
}  // namespace asyndgan::federation
