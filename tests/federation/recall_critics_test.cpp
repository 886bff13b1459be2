// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/recall_critics.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "asyndgan/federation/simulation.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using Float = test::Federation<float>;
using Names = std::vector<std::string>;
using News = std::vector<std::string>;

Float::Options two_channels(Judging judging) {
  auto options = Float::defaults();
  options.channels = 2;
  options.site.judging = judging;
  return options;
}

/// A centre with two sites, of which the second has these of the run's channels c0 and c1.
struct Run {
  Run(const Float::Options& options, const Names& second)
      : hub(2),
        ledgers(2),
        central(Float::generator(options), Float::Link(hub.join(transport::kCentral)), 2,
                options.central) {
    for (int i = 1; i <= 2; ++i) {
      auto own = options.site;
      own.name = "phantom-" + std::to_string(i);
      own.secret = 100 + static_cast<std::uint64_t>(i);
      auto images = data::phantom({.count = options.samples,
                                   .height = Float::kSide,
                                   .width = Float::kSide,
                                   .channels = i == 1 ? 2 : static_cast<int>(second.size()),
                                   .classes = Float::kClasses,
                                   .site = static_cast<std::uint32_t>(i)});
      if (i == 2) images.channels = second;
      sites.emplace_back(privacy::Private(std::move(images)), test::PhantomModality{2},
                         Float::Link(hub.join(i)), ledgers[static_cast<std::size_t>(i - 1)], own);
    }
  }
  void run_to(std::uint64_t step) {
    simulate(central, sites,
             {.after_step = [step](const auto& report) { return report.step < step; },
              .after_site_step = {}});
  }

  transport::InProcessHub hub;
  std::deque<privacy::EgressLedger> ledgers;
  Float::Central central;
  std::deque<Float::Site> sites;
};

template <class Participant>
safetensors::File checkpoint(Participant& participant) {
  State<float> state;
  participant.collect(state);
  return safetensors::File::decode(networks::encode_checkpoint(state), "saved");
}

/// All of the arrays whose names begin so.
std::map<std::string, std::vector<float>> tensors(const safetensors::File& file,
                                                  const std::string& begin) {
  std::map<std::string, std::vector<float>> found;
  for (const auto& [name, array] : file.arrays()) {
    if (name.starts_with(begin) && array.dtype == safetensors::DType::f32) {
      found[name] = file.values<float>(name);
    }
  }
  return found;
}

/// Goes on where `before` stands, with other channels at the second site.
News go_on(Run& run, Run& before) {
  State<float> state;
  run.central.collect(state);
  (void)networks::load_checkpoint(checkpoint(before.central), state);
  CHECK(run.sites[0].restore(checkpoint(before.sites[0])).empty());
  return run.sites[1].restore(checkpoint(before.sites[1]));
}

TEST_CASE("A discriminator is called by the channels that it judges", "[federation]") {
  const Names run{"t1", "t2", "flair"};
  CHECK(critic_name({0, 2}, run) == "discriminator[t1,flair]");
  CHECK(channels_of("t1,flair", run, "f") == std::vector<int>{0, 2});
  CHECK(channels_of("t2", run, "f") == std::vector<int>{1});
  CHECK_THROWS_WITH(channels_of("t1,ct", run, "f"),
                    "f has a discriminator of the channel 'ct', which this run does not have");
  CHECK_THROWS_AS(channels_of("", run, "f"), CheckpointError);
  CHECK_THROWS_AS(channels_of("t1,", run, "f"), CheckpointError);
}

TEST_CASE("A site that comes back with another modality has the discriminators of what it has",
          "[federation]") {
  auto options = two_channels(Judging::per_modality);
  options.central.steps = 6;
  const std::string c0 = "discriminator[c0]";
  const std::string c1 = "discriminator[c1]";
  Run first(options, {"c0"});
  const auto untrained = checkpoint(first.sites[1]);
  first.run_to(2);
  const auto learned = tensors(checkpoint(first.sites[1]), c0);
  REQUIRE(!learned.empty());
  CHECK(learned != tensors(untrained, c0));

  Run second(options, {"c1"});
  const auto fresh = tensors(checkpoint(second.sites[1]), c1);
  CHECK(go_on(second, first) == News{c1 + " begins anew: saved has none",
                                     c0 + " waits until this site has such images again"});
  CHECK(tensors(checkpoint(second.sites[1]), c1) == fresh);
  second.run_to(4);
  const auto both = checkpoint(second.sites[1]);
  CHECK(tensors(both, c0) == learned);
  const auto of_c1 = tensors(both, c1);
  CHECK(of_c1 != fresh);

  Run third(options, {"c0", "c1"});
  CHECK(go_on(third, second).empty());
  CHECK(tensors(checkpoint(third.sites[1]), "discriminator") == tensors(both, "discriminator"));
  third.run_to(5);
  CHECK(tensors(checkpoint(third.sites[1]), c0) != learned);
  CHECK(tensors(checkpoint(third.sites[1]), c1) != of_c1);

  Run fourth(options, {"c0"});
  CHECK(go_on(fourth, third) == News{c1 + " waits until this site has such images again"});
  fourth.run_to(6);
  CHECK(fourth.central.step() == 6);
}

TEST_CASE("Where one discriminator judges all channels, others make another one", "[federation]") {
  const auto options = two_channels(Judging::jointly);
  Run both(options, {"c0", "c1"});
  both.run_to(1);
  Run one(options, {"c1"});
  CHECK(go_on(one, both).size() == 2);
  one.run_to(2);
  Run again(options, {"c1", "c0"});  // whatever order its images come in
  CHECK(go_on(again, one) == News{"discriminator[c1] waits until this site has such images again"});
  CHECK(tensors(checkpoint(again.sites[1]), "discriminator[c0,c1]") ==
        tensors(checkpoint(both.sites[1]), "discriminator[c0,c1]"));
  again.run_to(3);
  CHECK(again.central.step() == 3);
}

TEST_CASE("A site that is as it was goes on as it was", "[federation]") {
  const auto options = two_channels(Judging::per_modality);
  Run whole(options, {"c1"});
  whole.run_to(3);
  Run first(options, {"c1"});
  first.run_to(1);
  Run second(options, {"c1"});
  CHECK(go_on(second, first).empty());
  second.run_to(3);
  CHECK(tensors(checkpoint(second.central), "") == tensors(checkpoint(whole.central), ""));
  CHECK(tensors(checkpoint(second.sites[1]), "") == tensors(checkpoint(whole.sites[1]), ""));
}

TEST_CASE("A checkpoint that does not fit a site is refused, and changes nothing", "[federation]") {
  auto options = two_channels(Judging::per_modality);
  Run run(options, {"c0"});
  run.run_to(1);
  const auto before = tensors(checkpoint(run.sites[1]), "");
  const auto refusal = [&](const safetensors::File& file) {
    std::string said;
    try {
      (void)run.sites[1].restore(file);
    } catch (const CheckpointError& error) {
      said = error.what();
    }
    CHECK(tensors(checkpoint(run.sites[1]), "") == before);
    return said;
  };
  options.samples = 9;
  Run larger(options, {"c0"});
  CHECK(refusal(checkpoint(larger.sites[1])) ==
        "saved is of 9 labelled images, site 'phantom-2' has 6: expected the images that it began "
        "with");
  options.samples = 6;
  options.site.discriminator.base_channels = 5;
  Run wider(options, {"c0"});
  CHECK_THAT(refusal(checkpoint(wider.sites[1])),
             Catch::StartsWith("saved: tensor 'discriminator[c0].") &&
                 Catch::Contains("this network needs F32"));

  // As an earlier version named them.
  State<float> state;
  run.sites[1].collect(state);
  for (auto& [name, parameter] : state.parameters) {
    if (name.starts_with("discriminator[c0]")) name.replace(13, 4, ".0");
  }
  CHECK(refusal(safetensors::File::decode(networks::encode_checkpoint(state), "old")) ==
        "old numbers its discriminators and does not say which channels they judge: go on with the "
        "version of the program that wrote it");
}

}  // namespace
}  // namespace asyndgan::federation
