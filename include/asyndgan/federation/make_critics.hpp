// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/federation/critic.hpp"
#include "asyndgan/federation/site_options.hpp"
#include "asyndgan/federation/site_samples.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/losses/running_statistics.hpp"
#include "asyndgan/networks/network.hpp"

namespace asyndgan::federation {

/// Images that a mean over the site rests on at least; 0 where the objective has no such term.
template <networks::Discriminator Net>
[[nodiscard]] std::size_t statistics_minimum(const SiteOptions<Net>& options) {
  const auto& term = options.objective.feature_statistics;
  if (!term) return 0;
  return static_cast<std::size_t>(
      std::max<std::int64_t>(term->minimum_images, options.policy.minimum_batch));
}

namespace detail {

/// A region that few images have is left out: its mean would be about those few, however often
/// they are drawn.
template <networks::Discriminator Net, class T, class D>
[[nodiscard]] typename losses::RunningStatistics<T, D>::Options statistics_options(
    const SiteSamples<T, D>& samples, const SiteOptions<Net>& options) {
  const auto& term = *options.objective.feature_statistics;
  const std::size_t minimum = statistics_minimum(options);
  if (static_cast<double>(minimum) * (1 - term.decay) >= 1) {
    throw ConfigError("site '" + options.name + "': statistics that forget by " +
                      std::to_string(term.decay) + " never rest on " + std::to_string(minimum) +
                      " images, the minimum of the objective and the site's policy");
  }
  std::vector<std::size_t> images{samples.size()};
  if (term.by_class) images = samples.images_by_class();
  typename losses::RunningStatistics<T, D>::Options kept{
      .regions = static_cast<int>(images.size()),
      .decay = term.decay,
      .minimum_images = static_cast<int>(minimum)};
  for (const std::size_t count : images) kept.silent.push_back(count < minimum);
  return kept;
}

}  // namespace detail

/// Adds a discriminator of these channels of the run to a site's, with weights drawn under its
/// secret.
///
/// Errors  DataError if the images are too small for it; ConfigError where the statistics of the
///         objective can never rest on enough images.
template <networks::Discriminator Net, class T, class D>
void add_critic(Critics<Net>& critics, std::vector<int> channels, const SiteSamples<T, D>& samples,
                const SiteOptions<Net>& options) {
  auto network_options = options.discriminator;
  network_options.in_channels = samples.classes() + static_cast<int>(channels.size());
  Net network(network_options);
  try {
    (void)network.output_shape({1, network_options.in_channels, samples.height(), samples.width()});
  } catch (const ShapeError& error) {
    throw DataError("site '" + options.name + "': images are too small: " + error.what());
  }
  State<T, D> state;
  network.collect("", state);
  layers::initialize(state, options.initialization,
                     {.seed = options.secret,
                      .site = static_cast<std::uint32_t>(critics.size()),
                      .purpose = random::Purpose::initialize});
  critics.emplace_back(std::move(channels), std::move(network), options.adam);
  if (options.objective.feature_statistics) {
    critics.back().keep_statistics(detail::statistics_options(samples, options), samples.height(),
                                   samples.width());
  }
}

/// A site's discriminators, one over all channels that it has, in the order of the run's, or one
/// for each.
///
/// Errors  as add_critic().
template <networks::Discriminator Net, class T, class D>
[[nodiscard]] Critics<Net> make_critics(const SiteSamples<T, D>& samples,
                                        const SiteOptions<Net>& options) {
  Critics<Net> critics;
  std::vector<int> all = samples.channels();
  if (options.judging == Judging::per_modality) {
    for (const int channel : all) add_critic(critics, {channel}, samples, options);
  } else {
    std::sort(all.begin(), all.end());
    add_critic(critics, std::move(all), samples, options);
  }
  return critics;
}

}  // namespace asyndgan::federation
