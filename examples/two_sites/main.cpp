// SPDX-License-Identifier: Apache-2.0
//
// Two sites train one generator, in thirty lines: the program of the README.
// NOLINTBEGIN(bugprone-exception-escape): an error ends it, with the reason; the README has no room
#include <iostream>

#include "asyndgan/asyndgan.hpp"

using namespace asyndgan;

using Generator = networks::ResnetGenerator<float>;
using Discriminator = networks::PatchDiscriminator<float>;
using Link = transport::InProcess;

struct TwoChannels {  // what the sites' images hold
  std::vector<std::string> channels() const { return {"c0", "c1"}; }
};

int main() {
  constexpr int kSites = 2;
  transport::InProcessHub hub(kSites);
  const federation::CentralOptions run{.seed = 1,
                                       .steps = 20,
                                       .batch = 2,
                                       .input = {.classes = 4, .noise_channels = 1},
                                       .height = 32,
                                       .width = 32};

  Generator generator({.in_channels = 5, .out_channels = 2, .base_channels = 8, .blocks = 2});
  State<float> weights;
  generator.collect("", weights);
  layers::initialize(weights, {}, {.seed = run.seed});
  federation::Central<Generator, Link> central(std::move(generator), hub.join(0), kSites, run);

  privacy::EgressLedger ledgers[kSites];
  std::deque<federation::Site<Discriminator, TwoChannels, Link>> sites;
  for (int i = 1; i <= kSites; ++i) {
    privacy::Private images(data::phantom({.count = 16, .channels = 2, .site = std::uint32_t(i)}));
    federation::SiteOptions<Discriminator> options{
        .name = "site " + std::to_string(i),
        .secret = privacy::draw_secret(),
        .discriminator = {.in_channels = 0, .base_channels = 8, .layers = 2}};
    sites.emplace_back(std::move(images), TwoChannels{}, hub.join(i), ledgers[i - 1], options);
  }

  federation::simulate(central, sites);
  std::cout << "trained " << central.step() << " steps; site 1 sent:\n" << ledgers[0].summary();
}
// NOLINTEND(bugprone-exception-escape)
