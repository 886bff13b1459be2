// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/federation/combination.hpp"
#include "asyndgan/federation/critic.hpp"
#include "asyndgan/federation/gradient_sum.hpp"
#include "asyndgan/federation/objective.hpp"
#include "asyndgan/kernels/channels.hpp"
#include "asyndgan/kernels/elementwise.hpp"
#include "asyndgan/layers/layer.hpp"
#include "asyndgan/losses/feature_statistics.hpp"
#include "asyndgan/losses/loss.hpp"
#include "asyndgan/modality/condition.hpp"
#include "asyndgan/networks/network.hpp"
#include "asyndgan/optim/adam.hpp"
#include "asyndgan/privacy/private.hpp"
#include "asyndgan/privacy/release.hpp"  // SiteGradient
#include "asyndgan/privacy/synthetic.hpp"
#include "asyndgan/transport/group.hpp"

/// The algorithm, as four functions that need no wire. One step of AsynDGAN is
///
///   centre   fake = generate(G, y)                            for every site
///   site     update_discriminator(D, (y', x), (y, fake))
///   site     d_fake = generator_gradient(D, y, fake)
///   centre   update_generator(G, {pi_j, d_fake_j})
///
/// Source  Chang et al. 2020 (CVPR, arXiv:2006.00080), Algorithm 1 and eq. 1 to 4; several
///         discriminators a site: Chang et al. 2020 (arXiv:2012.08604).
namespace asyndgan::federation {

/// fake = G(condition). `saved` is kept until the site's gradient arrives.
///
/// Shapes  condition (N, Y, H, W), result (N, C, H, W).
template <networks::Generator G>
[[nodiscard]] privacy::Synthetic<typename G::Scalar, typename G::Place> generate(
    G& generator, Tensor<typename G::Scalar, typename G::Place> condition, typename G::Saved& saved,
    const layers::Pass& pass) {
  return privacy::Synthetic<typename G::Scalar, typename G::Place>::by(
      generator, std::move(condition), saved, pass);
}

/// Mean loss over the discriminators of a site.
struct DiscriminatorLosses {
  double real = 0;
  double fake = 0;
};

/// One Adam step of every discriminator of a site: real towards real, fake towards fake, in two
/// passes, so that a batch norm never mixes them. Statistics of features take in the real ones.
///
/// Shapes  conditions (N, Y, H, W), real (N, C, H, W), fake (N, C, H, W); the two N may differ.
template <networks::Discriminator Net, class T = typename Net::Scalar,
          class D = typename Net::Place>
DiscriminatorLosses update_discriminator(Critics<Net>& critics,
                                         const modality::Condition<T, D>& real_condition,
                                         const privacy::Private<Tensor<T, D>>& real,
                                         const modality::Condition<T, D>& fake_condition,
                                         const Tensor<T, D>& fake, const Objective<T, D>& objective,
                                         const layers::Pass& pass, double rate_factor = 1) {
  DiscriminatorLosses losses;
  for (Critic<Net>& critic : critics) {
    const auto learn = [&](const modality::Condition<T, D>& condition, const Tensor<T, D>& image,
                           auto adversarial_loss, typename Net::Saved& saved) {
      const auto logits = critic.network.forward(
          kernels::join_channels(condition.channels, image, critic.channels), saved, pass);
      const losses::Loss<T, D> loss = adversarial_loss(logits);
      critic.network.backward(loss.gradient, saved, layers::Wanted::parameters);
      return loss.value / static_cast<double>(critics.size());
    };
    typename Net::Saved on_fake;
    typename Net::Saved on_real;
    critic.optimizer.zero_gradients();
    losses.fake += learn(fake_condition, fake, objective.adversarial_loss.fake, on_fake);
    const auto learn_real = [&] {
      losses.real +=
          learn(real_condition, real.at_site(), objective.adversarial_loss.real, on_real);
    };
    critic.optimizer.step_in(learn_real, rate_factor);
    if (critic.statistics) {
      critic.statistics->update(critic.network.features(on_real), real_condition.labels);
    }
  }
  return losses;
}

/// The objective on a batch of fakes.
template <std::floating_point T, Device D = Cpu>
struct Judgement {
  privacy::SiteGradient<T, D> gradient;
  double loss = 0;
};

/// dL/dfake of the site's objective, through discriminators that stay as they are. A channel
/// that no discriminator judges has gradient 0.
///
/// Shapes    condition (N, Y, H, W), fake and paired (N, C, H, W).
/// Requires  `paired` is given if and only if the objective reads the paired image; the critics
///           keep statistics if and only if the objective has a term of them.
/// Errors    ContractViolation where that does not hold.
template <networks::Discriminator Net, class T = typename Net::Scalar,
          class D = typename Net::Place>
[[nodiscard]] Judgement<T, D> generator_gradient(
    Critics<Net>& critics, const modality::Condition<T, D>& condition, const Tensor<T, D>& fake,
    const Objective<T, D>& objective, const layers::Pass& pass,
    const privacy::Private<Tensor<T, D>>* paired = nullptr) {
  const bool reads_paired = !objective.paired_terms_that_reveal_images.empty();
  if (reads_paired != (paired != nullptr)) {
    throw ContractViolation(reads_paired
                                ? "generator_gradient: the objective has a term that reads the "
                                  "paired image, and none is given"
                                : "generator_gradient: a paired image is given, and no term of the "
                                  "objective reads it");
  }
  Judgement<T, D> judgement;
  judgement.gradient.reveals = objective.reveals();
  Tensor<T, D>& d_fake = judgement.gradient.d_fake;
  d_fake = Tensor<T, D>(fake.shape());
  for (Critic<Net>& critic : critics) {
    if (critic.statistics.has_value() != objective.feature_statistics.has_value()) {
      throw ContractViolation(critic.statistics
                                  ? "generator_gradient: a critic keeps statistics, and the "
                                    "objective has no term of them"
                                  : "generator_gradient: the objective has a term of statistics, "
                                    "and a critic keeps none");
    }
    typename Net::Saved saved;
    const auto logits = critic.network.forward(
        kernels::join_channels(condition.channels, fake, critic.channels), saved, pass);
    losses::Loss<T, D> loss = objective.adversarial_loss.generator(logits);
    judgement.loss += objective.adversarial * loss.value;
    std::vector<Tensor<T, D>> d_features;
    if (critic.statistics) {
      const double weight = objective.feature_statistics->weight;
      auto distance = losses::feature_statistics(*critic.statistics, critic.network.features(saved),
                                                 condition.labels);
      judgement.loss += weight * distance.value;
      for (auto& d : distance.gradients) d_features.push_back(kernels::scale(std::move(d), weight));
    }
    const auto d_logits = kernels::scale(std::move(loss.gradient), objective.adversarial);
    kernels::place_channels(
        critic.network.backward(d_logits, saved, layers::Wanted::input, d_features),
        critic.channels, d_fake);
  }
  for (const auto& term : objective.paired_terms_that_reveal_images) {
    const losses::Loss<T, D> loss = term.loss(fake, paired->at_site());
    kernels::scale_and_add(1, term.weight, loss.gradient, d_fake);
    judgement.loss += term.weight * loss.value;
  }
  return judgement;
}

/// One site's part in a step of G.
template <networks::Generator G>
struct Contribution {
  double weight;  // pi_j, or step_weights() where batches differ
  Tensor<typename G::Scalar, typename G::Place> d_fake;
  const typename G::Saved* saved;  // of the forward pass that made the fakes
};

/// One Adam step of G along sum_j pi_j dL_j/dG, or their median. Where the centre has several
/// `replicas`, the sum is over the contributions of all, the median over the own alone.
///
/// Errors  ProtocolError where the sum is too large for that; such weights are as before, and the
///         step does not count.
template <networks::Generator G>
void update_generator(
    G& generator, optim::Adam<typename G::Scalar, typename G::Place>& optimizer,
    std::vector<Contribution<G>> contributions, double rate_factor = 1,
    Combination combination = Combination::mean,
    const std::shared_ptr<transport::Group>& replicas = std::make_shared<transport::Alone>()) {
  const auto backward = [&](Contribution<G>& part, double weight) {
    (void)generator.backward(kernels::scale(std::move(part.d_fake), weight), *part.saved,
                             layers::Wanted::parameters);
  };
  State<typename G::Scalar, typename G::Place> state;
  generator.collect("", state);
  std::erase_if(contributions, [](const auto& part) { return part.weight == 0; });
  optimizer.zero_gradients();
  try {
    if (combination == Combination::median) {
      GradientMedian median(state);
      for (auto& part : contributions) {
        backward(part, 1);
        median.take(part.weight);
      }
      optimizer.step_in([&] { median.give(); }, rate_factor);
    } else if (contributions.size() == 1 && replicas->size() == 1) {  // nothing to add up
      auto& part = contributions.front();
      optimizer.step_in([&] { backward(part, part.weight); }, rate_factor);
    } else {
      GradientSum sum(state);
      for (auto& part : contributions) sum.add([&] { backward(part, part.weight); });
      optimizer.step_in([&] { sum.give(*replicas); }, rate_factor);
    }
  } catch (const DivergenceError& error) {
    throw ProtocolError(std::string("the gradients of this step overflow in the generator: ") +
                        error.what() + "; one of the sites' is far too large");
  }
}

}  // namespace asyndgan::federation
