// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/networks/initialize.hpp"

#include <vector>

#include "asyndgan/networks/pixel_discriminator.hpp"
#include "support/catch.hpp"

namespace asyndgan::networks {
namespace {

using Net = PixelDiscriminator<double>;

/// All parameters, one after the other.
std::vector<double> weights_of(Net& network) {
  State<double> state;
  network.collect("", state);
  std::vector<double> all;
  for (const auto& [name, parameter] : state.parameters) {
    const auto values = parameter->value.to_host();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST_CASE("A network is initialised as its collected parameters are", "[networks]") {
  const Net::Options options{.in_channels = 2, .base_channels = 3, .norm = NormKind::batch};
  for (const auto how :
       {layers::Initialization{}, layers::Initialization{layers::InitializationKind::kaiming}}) {
    Net by_state(options);
    State<double> state;
    by_state.collect("", state);
    layers::initialize(state, how, {.seed = 4});
    Net network(options);
    initialize(network, {.seed = 4}, how);
    CHECK(weights_of(network) == weights_of(by_state));
    Net other(options);
    initialize(other, {.seed = 5}, how);
    CHECK(weights_of(network) != weights_of(other));
  }
}

}  // namespace
}  // namespace asyndgan::networks
