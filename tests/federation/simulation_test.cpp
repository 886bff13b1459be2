// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/parallel.hpp"
#include "support/adam_gradients.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using test::Federation;

TEST_CASE("A run trains the generator and every byte a site sends is in its ledger",
          "[federation]") {
  Federation<float> federation(Federation<float>::defaults());
  const auto before = federation.weights();
  federation.run();
  CHECK(federation.central.step() == 3);
  CHECK((federation.weights() != before));
  for (std::size_t i = 0; i < 2; ++i) {
    const auto traffic = federation.central.link().traffic(static_cast<transport::Peer>(i + 1));
    CHECK(federation.ledgers[i].bytes() == traffic.bytes_received);
    CHECK(federation.sites[i].step() == 3);
    CHECK(federation.sites[i].farewell() == "the run is complete");
  }
}

TEST_CASE("One seed gives one result, bit for bit, for 1, 2 and 3 threads", "[federation]") {
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3}) {
    set_thread_count(threads);
    Federation<float> federation(Federation<float>::defaults());
    federation.run();
    results.push_back(federation.weights());
  }
  set_thread_count(2);
  CHECK((results[1] == results[0]));
  CHECK((results[2] == results[0]));
}

TEST_CASE("Algorithm 1 and several discriminator steps run, and differ", "[federation]") {
  std::vector<std::vector<float>> results;
  for (const auto variant : {Variant::one_batch, Variant::two_phase}) {
    auto options = Federation<float>::defaults();
    options.central.steps = 2;
    options.central.variant = variant;
    options.central.discriminator_steps = 2;
    Federation<float> federation(options);
    federation.run();
    CHECK(federation.central.step() == 2);
    results.push_back(federation.weights());
  }
  CHECK((results[0] != results[1]));
}

/// The largest gradient of the generator's last convolution, by the channel that it makes: of their
/// running mean over all steps.
std::vector<float> gradient_by_channel(Federation<float>::Central& central) {
  State<float> state;
  central.collect(state);
  const auto gradients = test::AdamGradients<float>(state, "optimizer.").next();
  const Tensor<float>& d_weight = gradients[gradients.size() - 2].values;
  std::vector<float> largest;
  for (int c = 0; c < d_weight.shape().n; ++c) {
    const float* values = &d_weight(c, 0, 0, 0);
    largest.push_back(0);
    for (std::size_t i = 0; i < d_weight.shape().image(); ++i) {
      largest.back() = std::max(largest.back(), std::abs(values[i]));
    }
  }
  return largest;
}

/// The gradients of the last step of a run in which site 1 has channels 0 and 2, site 2 channel 1.
std::vector<float> gradients_of_two_scanners(Judging judging, const std::vector<double>& weights) {
  using Own = Federation<float>;
  auto options = Own::defaults();
  options.channels = 3;
  options.central.weighting = Weighting::given;
  options.central.site_weights = weights;
  transport::InProcessHub hub(2);
  Own::Central central(Own::generator(options), Own::Link(hub.join(transport::kCentral)), 2,
                       options.central);
  const test::PhantomModality modality{options.channels};
  std::deque<privacy::EgressLedger> ledgers(2);
  std::deque<Own::Site> sites;
  const auto add_site = [&](int rank, const std::vector<std::string>& channels) {
    auto own = options.site;
    own.name = "phantom-" + std::to_string(rank);
    own.secret = 100 + static_cast<std::uint64_t>(rank);
    own.judging = judging;
    auto images = Own::data(options, rank).map([&](const data::Slices& all) {
      return data::select_channels(all, channels);
    });
    sites.emplace_back(std::move(images), modality, Own::Link(hub.join(rank)),
                       ledgers[static_cast<std::size_t>(rank - 1)], own);
  };
  add_site(1, {"c0", "c2"});
  add_site(2, {"c1"});
  CHECK(sites[0].critics().size() == (judging == Judging::per_modality ? 2 : 1));
  simulate(central, sites);
  CHECK(central.step() == options.central.steps);
  return gradient_by_channel(central);
}

TEST_CASE("Sites train the channels that they have, and together all", "[federation]") {
  for (const Judging judging : {Judging::jointly, Judging::per_modality}) {
    const auto together = gradients_of_two_scanners(judging, {1, 1});
    CHECK((together[0] > 0 && together[1] > 0 && together[2] > 0));
    const auto first = gradients_of_two_scanners(judging, {1, 0});
    CHECK((first[0] > 0 && first[1] == 0 && first[2] > 0));
    const auto second = gradients_of_two_scanners(judging, {0, 1});
    CHECK((second[0] == 0 && second[1] > 0 && second[2] == 0));
  }
}

TEST_CASE("An interrupted run tells the sites", "[federation]") {
  Federation<float> federation(Federation<float>::defaults());
  federation.hooks.after_step = [](const auto& report) { return report.step < 2; };
  federation.run();
  CHECK(federation.central.step() == 2);
  CHECK(federation.sites[1].farewell() == "the run was interrupted");
}

TEST_CASE("A site that fails ends the run with its own error", "[federation]") {
  Federation<float> federation(Federation<float>::defaults());
  federation.hooks.after_site_step = [](auto& site) {
    if (site.name() == "phantom-2") throw DataError("disk of phantom-2 is gone");
  };
  CHECK_THROWS_WITH(federation.run(), "disk of phantom-2 is gone");
}

TEST_CASE("Whoever watches a site is told when it has joined, before its first part",
          "[federation]") {
  auto federation = Federation<float>(Federation<float>::pooled(8));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> small;  // answered, next
  federation.hooks.after_site_step = [&](const auto& site) {
    if (site.name() == "phantom-1") small.emplace_back(site.answered(), site.step());
  };
  federation.run();
  REQUIRE(small.size() > 1);
  CHECK(small[0].first == 0);
  CHECK(small[1].first == small[0].second + 1);
}

TEST_CASE("A site refuses fakes of another step than its own", "[federation]") {
  using Own = Federation<float>;
  auto options = Own::defaults();
  transport::InProcessHub hub(1);
  auto centre = hub.join(transport::kCentral);
  privacy::EgressLedger ledger;
  auto own = options.site;
  own.name = "phantom-1";
  own.secret = 101;
  Own::Site site(Own::data(options, 1), {}, Own::Link(hub.join(1)), ledger, own);
  centre.send(1, protocol::encode(
                     protocol::Welcome{.rank = 1, .steps = 3, .batch = 2, .largest_batch = 2}, 9));
  site.join();

  auto network = Own::generator(options);
  Own::G::Saved saved;
  auto fakes =
      generate(network, options.central.input.make<float>(LabelMap(2, Own::kSide, Own::kSide), {}),
               saved, {});
  centre.send(
      1, protocol::encode(protocol::Fakes{.step = 5,
                                          .images = privacy::Release::synthetic(std::move(fakes)),
                                          .next_step = 6},
                          9));
  CHECK_THROWS_WITH(site.serve_round(),
                    "fakes of step 5, expected step 0 of 3: the centre replays or skips steps");
}

TEST_CASE("Sites that do not fit the run are named", "[federation]") {
  auto options = Federation<float>::defaults();
  options.central.height = 24;
  Federation<float> federation(options);
  CHECK_THROWS_WITH(federation.run(), Catch::EndsWith(" has 16 rows, this run expects 24"));
}

TEST_CASE("A federation without sites, and a site with one image, are refused", "[federation]") {
  auto options = Federation<float>::defaults();
  options.samples = 1;
  CHECK_THROWS_WITH(Federation<float>(options),
                    "site 'phantom-1' has 1 labelled images, expected at least 2: with one, its "
                    "gradients would be about that image alone");
  CHECK_THROWS_WITH(
      (federation::Central<Federation<float>::G, Federation<float>::Link>(
          Federation<float>::generator(options),
          Federation<float>::Link(transport::InProcessHub(1).join(0)), 0, options.central)),
      "a federation needs at least one site, none was given");
}

TEST_CASE("Images smaller than one patch of the discriminator are refused", "[federation]") {
  auto options = Federation<float>::defaults();
  options.site.discriminator.layers = 3;
  CHECK_THROWS_WITH(Federation<float>(options),
                    Catch::Contains("site 'phantom-1': images are too small: "));
}

}  // namespace
}  // namespace asyndgan::federation
