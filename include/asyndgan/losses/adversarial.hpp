// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/pointwise_loss.hpp"
#include "asyndgan/losses/loss.hpp"

namespace asyndgan::losses {

using kernels::PointLoss;

/// What one logit of a discriminator costs: D on a real image and on a fake, G on a fake.
///
/// Ensures  finite for every finite logit; NaN for NaN.
/// Threads  any.
///
/// Models   Vanilla, LeastSquares, Hinge.
template <class P>
concept AdversarialPolicy = requires(double logit) {
  { P::real(logit) } -> std::same_as<PointLoss>;
  { P::fake(logit) } -> std::same_as<PointLoss>;
  { P::generator(logit) } -> std::same_as<PointLoss>;
};

/// Cross-entropy of the sigmoid; G gets the non-saturating form, "fakes should look real".
/// Source  Goodfellow et al. 2014, arXiv:1406.2661, section 3.
struct Vanilla {
  static PointLoss real(double logit) {
    const PointLoss mirrored = fake(-logit);
    return {mirrored.value, -mirrored.slope};
  }
  /// log(1 + e^x) and the sigmoid of x, by e^-|x|, which cannot overflow.
  static PointLoss fake(double logit) {
    const double decayed = std::exp(-std::abs(logit));
    return {std::max(logit, 0.0) + std::log1p(decayed),
            (logit < 0 ? decayed : 1.0) / (1 + decayed)};
  }
  static PointLoss generator(double logit) { return real(logit); }
};
static_assert(AdversarialPolicy<Vanilla>);

/// Squared distance from 1 for real and 0 for fake.
/// Source  Mao et al. 2017, arXiv:1611.04076, with a = 0, b = c = 1 and without its factor 1/2,
///         as in the papers' code.
struct LeastSquares {
  static PointLoss real(double logit) { return {(logit - 1) * (logit - 1), 2 * (logit - 1)}; }
  static PointLoss fake(double logit) { return {logit * logit, 2 * logit}; }
  static PointLoss generator(double logit) { return real(logit); }
};
static_assert(AdversarialPolicy<LeastSquares>);

/// D is content beyond a margin of 1; G pushes logits up without end. Wants a discriminator with
/// spectral normalisation.
/// Source  Miyato et al. 2018, arXiv:1802.05957, equations 16 and 17.
struct Hinge {
  static PointLoss real(double logit) {
    return logit >= 1 ? PointLoss{0, 0} : PointLoss{1 - logit, -1};
  }
  static PointLoss fake(double logit) {
    return logit <= -1 ? PointLoss{0, 0} : PointLoss{1 + logit, 1};
  }
  static PointLoss generator(double logit) { return {-logit, -1}; }
};
static_assert(AdversarialPolicy<Hinge>);

/// A policy over a whole map of logits: the mean over batch and patches.
///
/// Shapes  logits and gradient (N, 1, H, W); any other shape works too.
/// Errors  ShapeError on an empty tensor.
template <AdversarialPolicy Policy>
struct Adversarial {
  /// D's loss on real images.
  template <std::floating_point T, Device D>
  [[nodiscard]] static Loss<T, D> real(const Tensor<T, D>& logits) {
    return mean(Policy::real, logits);
  }
  /// D's loss on fakes.
  template <std::floating_point T, Device D>
  [[nodiscard]] static Loss<T, D> fake(const Tensor<T, D>& logits) {
    return mean(Policy::fake, logits);
  }
  /// G's loss on the same fakes.
  template <std::floating_point T, Device D>
  [[nodiscard]] static Loss<T, D> generator(const Tensor<T, D>& logits) {
    return mean(Policy::generator, logits);
  }

 private:
  template <class F, std::floating_point T, Device D>
  static Loss<T, D> mean(const F& policy, const Tensor<T, D>& logits) {
    detail::require_elements(logits.shape(), "Adversarial: logits");
    Loss<T, D> loss{0, Tensor<T, D>::uninitialized(logits.shape())};
    const double share = 1 / static_cast<double>(logits.size());
    loss.value = kernels::pointwise_loss(policy, share, loss.gradient, logits);
    return loss;
  }
};

using VanillaGan = Adversarial<Vanilla>;
using Lsgan = Adversarial<LeastSquares>;
using HingeGan = Adversarial<Hinge>;

}  // namespace asyndgan::losses
