// SPDX-License-Identifier: Apache-2.0
#include "site_settings.hpp"

#include <memory>

#include "asyndgan/losses/adversarial.hpp"
#include "asyndgan/losses/l1.hpp"
#include "asyndgan/losses/perceptual.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/networks/vgg16_features.hpp"
#include "asyndgan/privacy/sanitizers/clip_norm.hpp"
#include "asyndgan/privacy/sanitizers/gaussian_noise.hpp"
#include "asyndgan/privacy/sanitizers/pass_through.hpp"
#include "asyndgan/privacy/sanitizers/sign_only.hpp"

namespace asyndgan::program {

namespace {

federation::AdversarialLoss<float> adversarial_loss(AdversarialKind kind) {
  using Loss = federation::AdversarialLoss<float>;
  switch (kind) {
    case AdversarialKind::vanilla:
      return Loss::of<losses::Adversarial<losses::Vanilla>>();
    case AdversarialKind::hinge:
      return Loss::of<losses::Adversarial<losses::Hinge>>();
    case AdversarialKind::least_squares:
      break;
  }
  return Loss::of<losses::Adversarial<losses::LeastSquares>>();
}

}  // namespace

federation::Objective<float> objective(const RunConfig& config) {
  const auto& chosen = config.objective;
  federation::Objective<float> objective{.adversarial_loss = adversarial_loss(chosen.adversarial)};
  if (chosen.feature_statistics > 0) {
    objective.feature_statistics = {.weight = chosen.feature_statistics,
                                    .by_class = chosen.statistics_by_class};
  }
  if (chosen.paired_l1 > 0) {
    objective.paired_terms_that_reveal_images.push_back(
        {chosen.paired_l1, [](const Tensor<float>& fake, const Tensor<float>& real) {
           return losses::l1(fake, real);
         }});
  }
  if (chosen.perceptual > 0) {
    using Vgg = networks::Vgg16Features<float>;
    auto features = std::make_shared<Vgg>();
    (void)networks::load_network(chosen.vgg16_weights, *features, {.allow_extra = true});
    objective.paired_terms_that_reveal_images.push_back(
        {chosen.perceptual, [features](const Tensor<float>& fake, const Tensor<float>& real) {
           return losses::perceptual(*features, fake, real);
         }});
  }
  return objective;
}

privacy::AnySanitizer sanitizer(const RunConfig& config) {
  const auto& chosen = config.privacy;
  switch (chosen.sanitizer) {
    case SanitizerKind::clip_norm:
      return privacy::ClipNorm(chosen.norm);
    case SanitizerKind::gaussian_noise:
      return privacy::GaussianNoise({.norm = chosen.norm, .multiplier = chosen.noise_multiplier});
    case SanitizerKind::sign_only:
      return privacy::SignOnly();
    case SanitizerKind::none:
      break;
  }
  return privacy::PassThrough();
}

protocol::AnyLabelEncoding label_maps_encoding(const RunConfig& config) {
  return protocol::AnyLabelEncoding::of(config.training.label_maps_encoding,
                                        static_cast<std::uint32_t>(config.data.classes.size()));
}

bool any_site_keeps_label_maps(const RunConfig& config) {
  for (std::size_t i = 0; i < config.data.sites.size(); ++i) {
    if (site_policy(config, i).label_maps == privacy::MaskRelease::none) return true;
  }
  return false;
}

std::size_t site_index(const RunConfig& config, const std::string& name) {
  std::string names;
  for (std::size_t i = 0; i < config.data.sites.size(); ++i) {
    if (config.data.sites[i].name == name) return i;
    names += (names.empty() ? "" : ", ") + config.data.sites[i].name;
  }
  throw ConfigError("'" + name + "' is none of data.sites: " + names);
}

federation::CentralOptions central_options(const RunConfig& config) {
  federation::CentralOptions options{
      .seed = config.run.seed,
      .steps = static_cast<std::uint64_t>(config.training.steps),
      .batch = config.training.batch,
      .sampling = config.training.sampling,
      .discriminator_steps = config.training.discriminator_steps,
      .variant = config.training.variant,
      .weighting = config.training.weighting,
      .combination = config.training.combination,
      .norm_cap = config.training.norm_cap,
      .fakes_encoding = protocol::AnyEncoding::of(config.training.fakes_encoding),
      .gradient_encoding = protocol::AnyEncoding::of(config.training.gradient_encoding,
                                                     config.training.gradient_share),
      .label_maps_encoding = label_maps_encoding(config),
      .schedule = schedule(config),
      .weight_average = config.training.ema,
      .input = generator_input(config),
      .height = config.data.height,
      .width = config.data.width};
  if (config.training.weighting == federation::Weighting::given) {
    for (const auto& site : config.data.sites) options.site_weights.push_back(site.weight);
  }
  return options;
}

}  // namespace asyndgan::program
