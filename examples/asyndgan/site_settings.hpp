// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include "asyndgan/federation/central.hpp"
#include "asyndgan/federation/objective.hpp"
#include "asyndgan/federation/site.hpp"
#include "asyndgan/optim/adam.hpp"
#include "asyndgan/optim/schedule.hpp"
#include "asyndgan/privacy/sanitizer.hpp"
#include "config.hpp"
#include "networks.hpp"
#include "train.hpp"

/// The library's options that a configuration stands for.
namespace asyndgan::program {

[[nodiscard]] federation::Objective<float> objective(const RunConfig& config);
[[nodiscard]] privacy::AnySanitizer sanitizer(const RunConfig& config);
/// Throws ConfigError where data.sites has none of that name.
[[nodiscard]] std::size_t site_index(const RunConfig& config, const std::string& name);
/// True if the centre needs data.public_label_maps.
[[nodiscard]] bool any_site_keeps_label_maps(const RunConfig& config);
[[nodiscard]] federation::CentralOptions central_options(const RunConfig& config);

[[nodiscard]] inline optim::Adam<float>::Options adam_options(const RunConfig& config,
                                                              double rate) {
  return {.learning_rate = rate, .beta1 = config.training.beta1, .beta2 = config.training.beta2};
}

/// In steps of the generator.
[[nodiscard]] protocol::AnyLabelEncoding label_maps_encoding(const RunConfig& config);

[[nodiscard]] inline optim::ConstantThenLinear schedule(const RunConfig& config) {
  if (config.training.decay_share == 0) return federation::kConstantRate;
  const auto decay = std::lround(config.training.decay_share * config.training.steps);
  return {.constant = config.training.steps - decay, .decay = decay};
}

template <networks::Discriminator Net>
[[nodiscard]] federation::SiteOptions<Net> site_options(const RunConfig& config, std::size_t site) {
  const bool paired = objective(config).reveals() == privacy::Reveals::paired_image;
  return {.name = config.data.sites[site].name,
          .secret = site_secret(config, site),
          .discriminator = {},
          .adam = adam_options(config, config.training.discriminator_rate),
          .schedule = schedule(config),
          .objective = objective(config),
          .pairing = paired ? federation::Pairing::paired : federation::Pairing::independent,
          .judging = config.discriminator.per_channel ? federation::Judging::per_modality
                                                      : federation::Judging::jointly,
          .flip = config.training.flips,
          .policy = site_policy(config, site),
          .sanitizer = sanitizer(config),
          .label_maps_encoding = label_maps_encoding(config)};
}

}  // namespace asyndgan::program
