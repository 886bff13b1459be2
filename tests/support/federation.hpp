// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/data/phantom.hpp"
#include "asyndgan/federation/central.hpp"
#include "asyndgan/federation/replicas.hpp"
#include "asyndgan/federation/simulation.hpp"
#include "asyndgan/federation/site.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/patch_discriminator.hpp"
#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/privacy/ledger.hpp"
#include "asyndgan/transport/counted.hpp"
#include "asyndgan/transport/in_process.hpp"

namespace asyndgan::test {

/// The phantom's channels, "c0", "c1", ...
struct PhantomModality {
  int count = 1;
  [[nodiscard]] std::vector<std::string> channels() const {
    std::vector<std::string> names;
    names.reserve(static_cast<std::size_t>(count));
    for (int c = 0; c < count; ++c) names.push_back("c" + std::to_string(c));
    return names;
  }
};

/// A whole federation on phantoms, small enough for a test: 16 x 16 images, tiny networks. A Hub
/// makes the ends of its links, the centre's first. Of a centre of several processes it is one,
/// with the sites that this one serves.
template <std::floating_point T, class Hub = transport::InProcessHub>
struct Federation {
  using G = networks::ResnetGenerator<T>;
  using Net = networks::PatchDiscriminator<T>;
  using Link = transport::Counted<decltype(std::declval<Hub&>().join(transport::kCentral))>;
  using Central = federation::Central<G, Link>;
  using Site = federation::Site<Net, PhantomModality, Link>;

  static constexpr int kSide = 16;
  static constexpr int kClasses = 3;

  struct Options {
    int sites = 2;
    int channels = 1;
    int samples = 6;                   // of every site
    std::vector<int> counts = {};      // of each, where they differ
    std::optional<float> marker = {};  // in place of every pixel of every real image
    double dropout = 0.5;
    federation::CentralOptions central = {};
    federation::SiteOptions<Net> site = {};  // name and secret are set for each
  };

  [[nodiscard]] static Options defaults() {
    Options options;
    options.central.seed = 7;
    options.central.steps = 3;
    options.central.batch = 2;
    options.central.input = {.classes = kClasses, .noise_channels = 1};
    options.central.height = kSide;
    options.central.width = kSide;
    options.site.discriminator = {.in_channels = 0, .base_channels = 4, .layers = 1};
    return options;
  }

  /// Three sites of very different size, one image a step and site: the small ones sit steps out.
  [[nodiscard]] static Options pooled(std::uint64_t steps) {
    Options options = defaults();
    options.sites = 3;
    options.counts = {2, 8, 30};
    options.central.steps = steps;
    options.central.batch = 1;
    options.central.sampling = federation::Sampling::pooled;
    return options;
  }

  explicit Federation(const Options& options)
      : modality{options.channels},
        hub(options.sites),
        ledgers(static_cast<std::size_t>(options.sites)),
        central(generator(options), Link(hub.join(transport::kCentral)), options.sites,
                options.central) {
    const auto block =
        federation::block_of(*options.central.replicas, static_cast<std::size_t>(options.sites));
    for (int i = static_cast<int>(block.first) + 1; i <= static_cast<int>(block.end); ++i) {
      auto own = options.site;
      own.name = "phantom-" + std::to_string(i);
      own.secret = 100 + static_cast<std::uint64_t>(i);
      sites.emplace_back(data(options, i), modality, Link(hub.join(i)),
                         ledgers[static_cast<std::size_t>(i - 1)], own);
    }
  }

  [[nodiscard]] static privacy::Private<data::Slices> data(const Options& options, int site) {
    const int count = options.counts.empty() ? options.samples
                                             : options.counts[static_cast<std::size_t>(site - 1)];
    auto slices = data::phantom({.count = count,
                                 .height = kSide,
                                 .width = kSide,
                                 .channels = options.channels,
                                 .classes = kClasses,
                                 .seed = 1,
                                 .site = static_cast<std::uint32_t>(site)});
    if (options.marker) {
      const auto pixels = slices.images.values();
      std::fill(pixels.begin(), pixels.end(), *options.marker);
    }
    return privacy::Private(std::move(slices));
  }

  [[nodiscard]] static G generator(const Options& options) {
    G network({.in_channels = options.central.input.channels(),
               .out_channels = options.channels,
               .base_channels = 4,
               .blocks = 1,
               .dropout = options.dropout});
    State<T> state;
    network.collect("", state);
    layers::initialize(state, {}, {.seed = 3, .purpose = random::Purpose::initialize});
    return network;
  }

  void run() { federation::simulate(central, sites, hooks); }

  /// All numbers of the generator's weights, for comparisons bit for bit.
  [[nodiscard]] std::vector<T> weights() {
    State<T> state;
    central.generator().collect("", state);
    std::vector<T> all;
    for (const auto& [name, parameter] : state.parameters) {
      const auto values = parameter->value.to_host();
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }

  PhantomModality modality;
  Hub hub;
  std::deque<privacy::EgressLedger> ledgers;
  Central central;
  std::deque<Site> sites;
  federation::SimulationHooks<Central, Site> hooks;
};

}  // namespace asyndgan::test

#ifdef ASYNDGAN_TEST_SUPPORT  // in federation.cpp, for what links test_support; benchmarks do not
namespace asyndgan {
// NOLINTBEGIN(bugprone-macro-parentheses): a prefix and a type cannot be in parentheses
#define ASYNDGAN_TEST_FEDERATION(prefix, T)                                                     \
  prefix template struct test::Federation<T>;                                                   \
  prefix template class federation::Central<test::Federation<T>::G, test::Federation<T>::Link>; \
  prefix template class federation::Site<test::Federation<T>::Net, test::PhantomModality,       \
                                         test::Federation<T>::Link>
// NOLINTEND(bugprone-macro-parentheses)
ASYNDGAN_TEST_FEDERATION(extern, float);
ASYNDGAN_TEST_FEDERATION(extern, double);
extern template class networks::ResnetGenerator<double>;
extern template class networks::PatchDiscriminator<double>;
extern template class optim::Adam<double>;
}  // namespace asyndgan
#endif
