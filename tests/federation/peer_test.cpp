// SPDX-License-Identifier: Apache-2.0
//
// Each side against a peer that does not keep to the run.

#include <chrono>
#include <functional>

#include "federation/hand_made_site.hpp"
#include "federation/put_nan.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using Float = test::Federation<float>;

constexpr protocol::RunId kRun = 9;

/// A site, and the other end of its link.
struct LoneSite {
  explicit LoneSite(const protocol::Welcome& welcome,
                    const SiteOptions<Float::Net>& own = options())
      : hub(1),
        centre(hub.join(transport::kCentral)),
        site(Float::data(Float::defaults(), 1), {}, Float::Link(hub.join(1)), ledger, own) {
    centre.send(1, protocol::encode(welcome, kRun));
  }
  static SiteOptions<Float::Net> options() {
    auto own = Float::defaults().site;
    own.name = "phantom-1";
    own.secret = 101;
    return own;
  }
  /// The site's answer to fakes, or what it says against them.
  std::string answer(std::uint64_t step, protocol::Ask ask, std::uint64_t next_step,
                     const Float::Site::Hooks& hooks = {}) {
    auto network = Float::generator(Float::defaults());
    Float::G::Saved saved;
    auto fakes = generate(
        network,
        Float::defaults().central.input.make<float>(LabelMap(2, Float::kSide, Float::kSide), {}),
        saved, {});
    centre.send(
        1, protocol::encode(protocol::Fakes{.step = step,
                                            .ask = ask,
                                            .images = privacy::Release::synthetic(std::move(fakes)),
                                            .next_step = next_step,
                                            .next_batch = 2},
                            kRun));
    try {
      return site.serve_round(hooks) ? "answered" : "goodbye";
    } catch (const Error& error) {
      return error.what();
    }
  }

  transport::InProcessHub hub;
  transport::InProcess centre;
  privacy::EgressLedger ledger;
  Float::Site site;
};

protocol::Welcome algorithm_1() {
  return {.rank = 1, .steps = 3, .batch = 2, .largest_batch = 2, .fresh_fakes = true};
}

TEST_CASE("A site looks up from waiting, and goes on as it was", "[federation]") {
  using protocol::Ask;
  LoneSite lone(algorithm_1());
  int looks = 0;
  Float::Site::Hooks hooks;
  hooks.while_waiting = [&](Float::Site& site) {
    CHECK(site.between_steps());
    if (++looks % 2 == 0) throw Error("it is to stop");
  };
  lone.site.join(hooks);
  CHECK_THROWS_WITH(lone.site.serve_round(hooks), "it is to stop");
  CHECK_THROWS_WITH(lone.site.serve_round(hooks), "it is to stop");
  CHECK(looks == 4);
  CHECK(lone.answer(0, Ask::discriminator, 0, hooks) == "answered");
  CHECK_FALSE(lone.site.between_steps());
  CHECK(lone.answer(0, Ask::generator, 1, hooks) == "answered");
  CHECK(lone.site.between_steps());
}

TEST_CASE("A site's patience ends though it looks up meanwhile", "[federation]") {
  auto own = LoneSite::options();
  own.patience = std::chrono::milliseconds(300);
  LoneSite lone(algorithm_1(), own);
  int looks = 0;
  Float::Site::Hooks hooks;
  hooks.while_waiting = [&](Float::Site&) { ++looks; };
  lone.site.join(hooks);
  CHECK_THROWS_WITH(lone.site.serve_round(hooks), "the centre did not answer within 300 ms");
  CHECK(looks == 2);
}

TEST_CASE("A site that the centre refuses ends by the centre's reason, and is not done",
          "[federation]") {
  LoneSite lone(algorithm_1());
  lone.site.join();
  lone.centre.send(1, protocol::encode(protocol::Refusal{0, "its gradients are noise"}, kRun));
  CHECK_THROWS_WITH(lone.site.serve_round(),
                    "the centre refuses this site: its gradients are noise");
  CHECK(lone.site.farewell().empty());
}

TEST_CASE("A site gives one gradient a step, however often it is asked", "[federation]") {
  using protocol::Ask;
  LoneSite lone(algorithm_1());
  lone.site.join();
  // Without a D update first, no query would be counted.
  CHECK(lone.answer(0, Ask::generator, 1) ==
        "fakes of step 0 do not fit exchange 1 of 2 that make a step of this run");
  CHECK(lone.answer(0, Ask::discriminator, 0) == "answered");
  CHECK_THAT(lone.answer(0, Ask::generator, 0), Catch::Contains("do not fit exchange 2 of 2"));
  CHECK(lone.answer(0, Ask::generator, 1) == "answered");
  CHECK_THAT(lone.answer(0, Ask::generator, 1), Catch::Contains("expected step 1 of 3"));
  CHECK_THAT(lone.answer(1, Ask::both, 2), Catch::Contains("do not fit exchange 1 of 2"));
}

TEST_CASE("A site answers nothing behind the last step of the run", "[federation]") {
  using protocol::Ask;
  LoneSite lone({.rank = 1, .first_step = 2, .steps = 3, .batch = 2, .largest_batch = 2});
  lone.site.join();
  CHECK(lone.answer(2, Ask::both, 3) == "answered");
  CHECK_THAT(lone.answer(3, Ask::both, 4), Catch::Contains("expected step 3 of 3"));
}

TEST_CASE("What a site saves before its answer is not behind what the centre has seen",
          "[federation]") {
  LoneSite lone({.rank = 1, .steps = 3, .batch = 2, .largest_batch = 2});
  lone.site.join();
  for (int i = 0; i < 2; ++i)
    (void)lone.centre.receive(1, std::chrono::seconds(10));  // hello, maps
  std::uint64_t saved = 0;
  const Float::Site::Hooks hooks{.before_answer = [&](Float::Site& site) {
    saved = site.answered();
    CHECK(site.step() == 1);
    CHECK_THROWS_AS(lone.centre.receive(1, std::chrono::milliseconds(0)), TransportTimeout);
  }};
  CHECK(lone.answer(0, protocol::Ask::both, 1, hooks) == "answered");
  CHECK(saved == 1);
  CHECK(!lone.centre.receive(1, std::chrono::seconds(10)).empty());
}

TEST_CASE("A site has a ceiling of its own for batches", "[federation]") {
  auto own = LoneSite::options();
  own.largest_batch = 5;
  LoneSite lone({.rank = 1, .steps = 3, .batch = 2, .largest_batch = 6}, own);
  CHECK_THROWS_WITH(lone.site.join(), "largest batch is 6, this site takes at most 5");
}

TEST_CASE("Batches may be larger than a first guess at limits", "[federation]") {
  auto options = Float::defaults();
  options.central.steps = 1;
  options.central.batch = 65;
  options.sites = 1;
  Float federation(options);
  federation.run();
  CHECK(federation.central.step() == 1);
}

/// What the centre says to a site that answers its first fakes with `make(site)`.
/// `tamper` may change the answer's frame first.
template <class Make>
std::string said_to(const Make& make,
                    const std::function<void(std::vector<std::byte>&)>& tamper = {}) {
  const auto options = Float::defaults();
  transport::InProcessHub hub(1);
  Float::Central central(Float::generator(options), Float::Link(hub.join(transport::kCentral)), 1,
                         options.central);
  test::HandMadeSite site(hub.join(1), options.central);
  site.greet("s");
  site.send(protocol::Masks{0, site.maps()});
  central.admit();
  auto answer = site.frame(make(site));
  if (tamper) tamper(answer);
  site.send_frame(answer);
  try {
    (void)central.round();
  } catch (const ProtocolError& error) {
    return error.what();
  }
  return "taken";
}

TEST_CASE("The centre takes a gradient with the label maps of the next step, and no other",
          "[federation]") {
  CHECK(said_to([](const auto& site) {
          return protocol::Gradient{0, site.gradient(), {}, site.maps()};
        }) == "taken");
  CHECK(said_to([](const auto& site) {
          return protocol::Gradient{0, site.gradient()};
        }) == "site 's': gradient without label maps of a next step");
  CHECK(said_to([](const auto& site) {
          return protocol::Gradient{1, site.gradient(), {}, site.maps()};
        }) == "site 's': gradient of step 1, expected 0");
}

TEST_CASE("The centre does not believe that a site's gradient is finite", "[federation]") {
  CHECK(said_to(
            [](const auto& site) {
              return protocol::Gradient{0, site.gradient(), {}, site.maps()};
            },
            test::put_nan) == "site 's': gradient of step 0 has a value that is not finite");
}

TEST_CASE("A site of the wire version before is answered in it", "[federation]") {
  auto options = Float::defaults();
  options.central.public_label_maps =
      data::phantom({.count = 5, .height = 16, .width = 16, .classes = 3, .seed = 9}).labels;
  options.central.label_maps_encoding =
      protocol::AnyLabelEncoding::of(protocol::encodings::PackedLabels::kCode, 3);
  const auto encoding_of_maps = [&](std::uint16_t version) {
    transport::InProcessHub hub(1);
    Float::Central central(Float::generator(options), Float::Link(hub.join(transport::kCentral)), 1,
                           options.central);
    test::HandMadeSite site(hub.join(1), options.central, {.version = version},
                            {.label_maps = privacy::MaskRelease::none});
    site.greet("s");
    central.admit();
    const auto welcome = site.receive();
    CHECK(welcome.header.version == version);
    CHECK(std::get<protocol::Welcome>(welcome.message).steps == 3);
    site.send(protocol::Gradient{0, site.gradient()});
    CHECK(central.round().parts.size() == 1);
    const auto fakes = site.receive_frame();
    CHECK(protocol::decode(fakes, {}).header.version == version);
    const std::size_t tensor = 1 + 16 + 2 * 16 * 16 * sizeof(float);
    return static_cast<int>(fakes[protocol::FrameHeader::kSize + 1 + tensor + 1]);
  };
  CHECK(encoding_of_maps(3) == protocol::encodings::PackedLabels::kCode);
  CHECK(encoding_of_maps(2) == protocol::encodings::ZstdLabels::kCode);
}

TEST_CASE("A run has no step behind its last", "[federation]") {
  auto options = Float::defaults();
  Float federation(options);
  federation.run();
  CHECK_THROWS_WITH(federation.central.round(), "Central: the run has 3 steps");
}

TEST_CASE("A run's name tells all that both sides must agree on", "[federation]") {
  const CentralOptions options;
  CHECK(run_id(options) == run_id({}));
  const auto differs = [&](const auto& change) {
    auto other = options;
    change(other);
    return run_id(other) != run_id(options);
  };
  CHECK(differs([](CentralOptions& other) { other.seed = 1; }));
  CHECK(differs([](CentralOptions& other) { other.steps = 1; }));
  CHECK(differs([](CentralOptions& other) { other.batch = 1; }));
  CHECK(differs([](CentralOptions& other) { other.sampling = Sampling::pooled; }));
  CHECK(differs([](CentralOptions& other) { other.discriminator_steps = 2; }));
  CHECK(differs([](CentralOptions& other) { other.variant = Variant::two_phase; }));
  CHECK(differs([](CentralOptions& other) { other.input.classes = 7; }));
  CHECK(differs([](CentralOptions& other) { other.height = 1; }));
  CHECK(differs([](CentralOptions& other) { other.width = 1; }));
}

}  // namespace
}  // namespace asyndgan::federation
