// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <vector>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/losses/adversarial.hpp"
#include "asyndgan/losses/loss.hpp"
#include "asyndgan/privacy/reveals.hpp"

namespace asyndgan::federation {

/// The three functions of a losses::Adversarial<Policy>, as values, so that a configuration can
/// choose the policy at run time and a user's own policy needs no further template parameter.
template <std::floating_point T, Device D = Cpu>
struct AdversarialLoss {
  using Function = losses::Loss<T, D> (*)(const Tensor<T, D>& logits);

  Function real;       // D's loss on real images
  Function fake;       // D's loss on fakes
  Function generator;  // G's loss on the same fakes

  /// AdversarialLoss<float>::of<losses::Lsgan>()
  template <class Adversarial>
  [[nodiscard]] static AdversarialLoss of() {
    return {&Adversarial::template real<T, D>, &Adversarial::template fake<T, D>,
            &Adversarial::template generator<T, D>};
  }
};

/// A term of the objective that compares a fake with the one real image of its label map.
template <std::floating_point T, Device D = Cpu>
struct PairedTerm {
  double weight;
  std::function<losses::Loss<T, D>(const Tensor<T, D>& fake, const Tensor<T, D>& real)> loss;
};

/// A term that holds the discriminators' features of the fakes against their running means over
/// the site's real images: losses::feature_statistics(). It reads no one image.
struct StatisticsTerm {
  double weight = 1;
  bool by_class = true;     // a mean for every class of the label maps, else one for the image
  double decay = 0.99;      // as in losses::RunningStatistics
  int minimum_images = 32;  // likewise; the site's policy may ask for more
};

/// What a site asks of a fake. Evaluated at the site, because some terms read its images; the
/// centre receives dL/dfake and scalars.
///
///   L = adversarial * L_adv(D(y, fake)) + weight * (distance of D's features from the site's)
///       + sum over paired terms of weight * loss(fake, x)
///
/// Paired terms (L1, perceptual) are the papers' own, and they give the real image x away: the
/// gradient of an L1 term has the sign of (fake - x) at every pixel. There are none unless
/// asked for by their name.
///
/// Source  Chang et al. 2020 (CVPR, arXiv:2006.00080), eq. 1 to 4.
template <std::floating_point T, Device D = Cpu>
struct Objective {
  AdversarialLoss<T, D> adversarial_loss = AdversarialLoss<T, D>::template of<losses::Lsgan>();
  double adversarial = 1;  // weight
  std::optional<StatisticsTerm> feature_statistics = {};
  std::vector<PairedTerm<T, D>> paired_terms_that_reveal_images = {};

  /// The most that dL/dfake says about real images.
  [[nodiscard]] privacy::Reveals reveals() const {
    if (!paired_terms_that_reveal_images.empty()) return privacy::Reveals::paired_image;
    return feature_statistics ? privacy::Reveals::site_statistics
                              : privacy::Reveals::discriminator_only;
  }
};

}  // namespace asyndgan::federation
