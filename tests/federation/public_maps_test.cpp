// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using Float = test::Federation<float>;

const std::string kLabelMaps(privacy::to_string(privacy::Content::label_maps));

/// Sites that keep their label maps, and a public set to draw for.
Float::Options keeping() {
  auto options = Float::defaults();
  options.site.policy.label_maps = privacy::MaskRelease::none;
  options.central.public_label_maps =
      data::phantom({.count = 5, .height = 16, .width = 16, .classes = Float::kClasses, .seed = 9})
          .labels;
  return options;
}

TEST_CASE("A site that keeps its label maps learns from fakes of public ones", "[federation]") {
  for (const auto variant : {Variant::one_batch, Variant::two_phase}) {
    auto options = keeping();
    options.central.variant = variant;
    Float federation(options);
    const auto before = federation.weights();
    federation.run();
    CHECK(federation.central.step() == 3);
    CHECK((federation.weights() != before));
    for (const auto& ledger : federation.ledgers) {
      const auto contents = ledger.by_content();
      CHECK(contents.count(kLabelMaps) == 0);
      CHECK(contents.at("gradient").messages == 3);
    }
  }
}

TEST_CASE("Sites that keep their label maps need public ones of the right size", "[federation]") {
  auto options = keeping();
  options.central.public_label_maps = {};
  Float none(options);
  CHECK_THROWS_WITH(none.run(),
                    "site 'phantom-1' keeps its label maps, so this run needs public ones of 16 x "
                    "16 pixels; it has 0 of 0 x 0");
  options.central.public_label_maps = LabelMap(2, 8, 16);
  Float small(options);
  CHECK_THROWS_WITH(small.run(), Catch::Contains("it has 2 of 8 x 16"));
}

TEST_CASE("Sites with and without label maps of their own train together", "[federation]") {
  auto options = keeping();
  Float federation(options);
  // The fixture gives all sites one policy: the second site is made anew with another.
  federation.sites.pop_back();
  auto own = options.site;
  own.policy.label_maps = privacy::MaskRelease::as_they_are;
  own.name = "phantom-2";
  own.secret = 102;
  transport::InProcessHub hub(2);
  Float::Central central(Float::generator(options), Float::Link(hub.join(transport::kCentral)), 2,
                         options.central);
  std::deque<Float::Site> sites;
  auto keeps = options.site;
  keeps.name = "phantom-1";
  keeps.secret = 101;
  sites.emplace_back(Float::data(options, 1), federation.modality, Float::Link(hub.join(1)),
                     federation.ledgers[0], keeps);
  sites.emplace_back(Float::data(options, 2), federation.modality, Float::Link(hub.join(2)),
                     federation.ledgers[1], own);
  simulate(central, sites);
  CHECK(central.step() == 3);
  CHECK(federation.ledgers[0].by_content().count(kLabelMaps) == 0);
  CHECK(federation.ledgers[1].by_content().at(kLabelMaps).items == 6);
}

}  // namespace
}  // namespace asyndgan::federation
