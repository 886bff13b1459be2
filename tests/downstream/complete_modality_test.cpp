// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/downstream/complete_modality.hpp"

#include "asyndgan/data/phantom.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/privacy/private.hpp"
#include "support/catch.hpp"

namespace asyndgan::downstream {
namespace {

constexpr modality::GeneratorInput kNoisyInput{.classes = 3, .noise_channels = 1};
const std::vector<std::string> kChannels{"t1", "t2", "flair"};

networks::ResnetGenerator<float> generator_of(int channels) {
  networks::ResnetGenerator<float> generator({.in_channels = kNoisyInput.channels(),
                                              .out_channels = channels,
                                              .base_channels = 4,
                                              .blocks = 1});
  State<float> state;
  generator.collect("", state);
  layers::initialize(state, {.gain = 0.2}, {.seed = 3});
  return generator;
}

data::Slices site_with(std::vector<std::string> channels) {
  auto slices = data::phantom({.count = 3,
                               .height = 12,
                               .width = 16,
                               .channels = static_cast<int>(channels.size()),
                               .classes = 3});
  slices.channels = std::move(channels);
  return slices;
}

std::vector<float> channel(const data::Slices& slices, const std::string& name) {
  const std::vector<std::string> names{name};
  return data::select_channels(slices, names).images.to_host();
}

TEST_CASE("Real channels stay, missing ones are the generator's", "[downstream]") {
  auto generator = generator_of(3);
  const auto site = site_with({"flair", "t1"});  // in another order than the generator's
  const SynthesizeOptions options{.batch = 2, .seed = 4, .channels = kChannels};
  const auto completed = complete_modality(generator, kNoisyInput, site, options);
  const auto drawn = synthesize(generator, kNoisyInput, site.labels, site.info, options);

  CHECK(completed.synthetic == std::vector<std::string>{"t2"});
  CHECK(completed.slices.channels == kChannels);
  CHECK(completed.slices.labels == site.labels);
  CHECK(completed.slices.info == site.info);
  CHECK(channel(completed.slices, "t1") == channel(site, "t1"));
  CHECK(channel(completed.slices, "flair") == channel(site, "flair"));
  CHECK(channel(completed.slices, "t2") == channel(drawn, "t2"));
  CHECK(channel(completed.slices, "t1") != channel(drawn, "t1"));
}

TEST_CASE("What is made of private slices stays private", "[downstream]") {
  auto generator = generator_of(3);
  const privacy::Private<data::Slices> site(site_with({"t2"}));
  const auto completed = site.map([&](const data::Slices& slices) {
    return complete_modality(generator, kNoisyInput, slices, {.channels = kChannels});
  });
  static_assert(std::same_as<decltype(completed), const privacy::Private<CompletedSlices>>);
  CHECK(completed.at_site().synthetic == std::vector<std::string>{"t1", "flair"});
}

TEST_CASE("A site that lacks nothing gets its own images back", "[downstream]") {
  auto generator = generator_of(3);
  const auto site = site_with(kChannels);
  const auto completed = complete_modality(generator, kNoisyInput, site, {.channels = kChannels});
  CHECK(completed.synthetic.empty());
  CHECK(completed.slices.images.to_host() == site.images.to_host());
}

TEST_CASE("Completion refuses channels that the generator does not draw", "[downstream]") {
  auto generator = generator_of(2);
  const auto site = site_with({"ct"});
  CHECK_THROWS_WITH(complete_modality(generator, kNoisyInput, site, {.channels = {"t1", "t2"}}),
                    "complete_modality: the site's channel 'ct' is none of the generator's");
  CHECK_THROWS_AS(
      complete_modality(generator, kNoisyInput, site, {.copies = 2, .channels = {"ct", "t2"}}),
      ContractViolation);
  CHECK_THROWS_AS(complete_modality(generator, kNoisyInput, site, {.channels = {"ct"}}),
                  ContractViolation);  // it draws two
}

}  // namespace
}  // namespace asyndgan::downstream
