// SPDX-License-Identifier: Apache-2.0
//
// Two sites train one generator, in thirty lines: the program of the README.
// NOLINTBEGIN(bugprone-exception-escape): an error ends it, with the reason; the README has no room
#include <iostream>

#include "asyndgan/asyndgan.hpp"

using namespace asyndgan;

using Discriminator = networks::PatchDiscriminator<float>;
using Site = federation::Site<Discriminator, federation::Channels, transport::InProcess>;

int main() {
  constexpr int kSites = 2;
  transport::InProcessHub hub(kSites);
  const federation::CentralOptions run{
      .seed = 1, .steps = 20, .input = {.classes = 4}, .height = 32, .width = 32};

  networks::ResnetGenerator<float> generator(
      {.in_channels = run.input.channels(), .out_channels = 2, .base_channels = 8, .blocks = 2});
  networks::initialize(generator, {.seed = run.seed});
  federation::Central central(std::move(generator), hub.join(0), kSites, run);

  privacy::EgressLedger ledgers[kSites];
  std::deque<Site> sites;
  for (int i = 1; i <= kSites; ++i) {
    privacy::Private images(data::phantom({.count = 16, .channels = 2, .site = std::uint32_t(i)}));
    const federation::SiteOptions<Discriminator> options{
        .name = "site " + std::to_string(i),
        .secret = privacy::draw_secret(),
        .discriminator = {.in_channels = 0, .base_channels = 8, .layers = 2}};
    const federation::Channels channels{{"c0", "c1"}};
    sites.emplace_back(std::move(images), channels, hub.join(i), ledgers[i - 1], options);
  }

  federation::simulate(central, sites);
  std::cout << "trained " << central.step() << " steps; site 1 sent:\n" << ledgers[0].summary();
}
// NOLINTEND(bugprone-exception-escape)
