// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/layers/layer.hpp"
#include "asyndgan/losses/running_statistics.hpp"
#include "asyndgan/networks/network.hpp"
#include "asyndgan/optim/adam.hpp"

namespace asyndgan::federation {

/// One discriminator of a site, its optimiser, and the image channels that it judges.
/// It sees (condition, image[channels]) and never leaves the site.
template <networks::Discriminator Net>
struct Critic {
  using T = typename Net::Scalar;
  using D = typename Net::Place;

  Critic(std::vector<int> channels_, Net network_,
         const typename optim::Adam<T, D>::Options& options)
      : channels(std::move(channels_)),
        network(std::move(network_)),
        optimizer(state_of(network), options) {}
  Critic(const Critic&) = delete;  // the optimiser points into the network
  Critic& operator=(const Critic&) = delete;

  /// From now on keeps the statistics of its features of real images of size (h, w).
  /// `options.channels` is set from the network.
  void keep_statistics(typename losses::RunningStatistics<T, D>::Options options, int h, int w) {
    Net probe(network.options());  // a pass may change a network
    typename Net::Saved saved;
    (void)probe.forward(Tensor<T, D>({1, network.options().in_channels, h, w}), saved,
                        layers::Pass::evaluation());
    for (const auto* map : probe.features(saved)) options.channels.push_back(map->shape().c);
    statistics.emplace(std::move(options));
  }

  void collect(const std::string& prefix, State<T, D>& state) {
    network.collect(prefix, state);
    optimizer.collect(prefix + ".optimizer", state);
    if (statistics) statistics->collect(prefix + ".statistics", state);
  }

  std::vector<int> channels;
  Net network;
  optim::Adam<T, D> optimizer;
  std::optional<losses::RunningStatistics<T, D>> statistics;  // where the objective needs them

 private:
  static State<T, D> state_of(Net& network) {
    State<T, D> state;
    network.collect("", state);
    return state;
  }
};

/// A site's discriminators: one over all its channels, or one per modality. No channel is
/// judged twice; a channel that the site lacks is judged by none and gets a zero gradient.
/// Source  Chang et al. 2020 (arXiv:2012.08604), one discriminator per site and modality.
template <networks::Discriminator Net>
using Critics = std::deque<Critic<Net>>;

}  // namespace asyndgan::federation
