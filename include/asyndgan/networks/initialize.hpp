// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/network.hpp"

namespace asyndgan::networks {

/// layers::initialize() of all parameters of one network.
template <Network N>
void initialize(N& network, const random::Key& key, const layers::Initialization& how = {}) {
  State<typename N::Scalar, typename N::Place> state;
  network.collect("", state);
  layers::initialize(state, how, key);
}

}  // namespace asyndgan::networks
