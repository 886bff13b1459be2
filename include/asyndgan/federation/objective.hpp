// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <functional>
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

/// What a site asks of a fake. Evaluated at the site, because some terms read its images; the
/// centre receives dL/dfake and scalars.
///
///   L = adversarial * L_adv(D(y, fake)) + sum over paired terms of weight * loss(fake, x)
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
  std::vector<PairedTerm<T, D>> paired_terms_that_reveal_images = {};

  /// The most that dL/dfake says about real images.
  [[nodiscard]] privacy::Reveals reveals() const {
    return paired_terms_that_reveal_images.empty() ? privacy::Reveals::discriminator_only
                                                   : privacy::Reveals::paired_image;
  }
};

}  // namespace asyndgan::federation
