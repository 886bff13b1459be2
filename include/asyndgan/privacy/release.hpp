// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/privacy/augment.hpp"
#include "asyndgan/privacy/host_tensor.hpp"
#include "asyndgan/privacy/policy.hpp"
#include "asyndgan/privacy/private.hpp"
#include "asyndgan/privacy/sanitizer.hpp"
#include "asyndgan/privacy/shareable.hpp"
#include "asyndgan/privacy/synthetic.hpp"

namespace asyndgan::privacy {

/// dL/dfake as a site computes it, with what its objective lets it say about real images.
template <std::floating_point T, Device D = Cpu>
struct SiteGradient {
  Tensor<T, D> d_fake;  // (N, C, H, W)
  Reveals reveals = Reveals::paired_image;
  std::uint64_t samples_behind = 0;  // real samples that the site's statistics are over
};

/// The only ways out of a site, each named for the reason why the value may leave.
///
/// Errors   PolicyError if the policy refuses; the message says which key of it does.
/// Threads  const, any number at once.
class Release {
 public:
  /// `secret` keys what hides values (noise, flips): if the centre knew it, it could undo them,
  /// so it is the site's own and never the run's seed.
  Release(const SitePolicy& policy, std::uint64_t secret) : policy_(policy), secret_(secret) {}

  [[nodiscard]] const SitePolicy& policy() const { return policy_; }

  /// Images that a generator drew. They depend on real images through training alone.
  template <std::floating_point T, Device D>
  [[nodiscard]] static Shareable<HostTensor> synthetic(Synthetic<T, D> fakes) {
    const auto items = static_cast<std::uint64_t>(fakes.images().shape().n);
    return {HostTensor(std::move(fakes).images()),
            {.content = Content::synthetic, .items = items, .treatment = "drawn by a generator"}};
  }

  /// Label maps that no patient stands behind: an atlas, a published set, a mask generator.
  [[nodiscard]] static Shareable<LabelMap> public_label_maps(LabelMap maps) {
    const auto items = static_cast<std::uint64_t>(maps.n);
    return {std::move(maps),
            {.content = Content::label_maps, .items = items, .treatment = "public"}};
  }

  /// The site's label maps, as its policy lets them leave. What the site then compares fakes
  /// with is the released map, value().
  [[nodiscard]] Shareable<LabelMap> label_maps(const Private<LabelMap>& maps,
                                               std::uint64_t step) const {
    const auto items = static_cast<std::uint64_t>(maps.at_site().n);
    switch (policy_.label_maps) {
      case MaskRelease::as_they_are:
        return {maps.at_site(),
                {.content = Content::label_maps, .items = items, .treatment = "as they are"}};
      case MaskRelease::augmented:
        return {augment(maps.at_site(), key(step, random::Purpose::augment)),
                {.content = Content::label_maps, .items = items, .treatment = "augmented"}};
      case MaskRelease::none:
        break;
    }
    throw PolicyError("label maps do not leave this site: its policy has \"label_maps\": \"none\"");
  }

  /// dL/dfake after `sanitizer`, if the policy allows what its objective reveals.
  template <std::floating_point T, Device D, Sanitizer S>
  [[nodiscard]] Shareable<HostTensor> gradient(SiteGradient<T, D> gradient, const S& sanitizer,
                                               std::uint64_t step) const {
    require_permitted(gradient.reveals, gradient.samples_behind);
    if (!sanitizer.accepts(gradient.reveals)) {
      throw PolicyError("a gradient that reveals " + std::string(to_string(gradient.reveals)) +
                        " may not leave '" + sanitizer.describe() +
                        "': use a sanitizer that bounds it, such as clip_norm");
    }
    const auto items = static_cast<std::uint64_t>(gradient.d_fake.shape().n);
    HostTensor d_fake(std::move(gradient.d_fake));
    require_finite(d_fake);
    sanitizer.sanitize(d_fake, key(step, random::Purpose::sanitize));
    return {std::move(d_fake),
            {.content = Content::gradient,
             .items = items,
             .reveals = gradient.reveals,
             .treatment = sanitizer.describe()}};
  }

  /// The mean losses since the last release, which start anew; nothing while they are over
  /// fewer samples than the policy's minimum.
  [[nodiscard]] std::optional<Shareable<Losses>> losses(LossAverage& average) const {
    if (average.samples() == 0 || average.samples() < policy_.minimum_batch) return std::nullopt;
    const Losses mean = average.mean();
    average = {};
    return Shareable<Losses>(
        mean, {.content = Content::aggregate, .items = mean.samples, .treatment = "mean"});
  }

  /// Counts and extents, and whether label maps will follow. The sample count becomes 0 where
  /// the policy keeps it.
  [[nodiscard]] Shareable<SiteFacts> facts(SiteFacts facts) const {
    if (!policy_.allow_sample_count) facts.samples = 0;
    facts.sends_label_maps = policy_.label_maps != MaskRelease::none;
    return {std::move(facts), {.content = Content::site_facts, .items = 1, .treatment = "counts"}};
  }

 private:
  [[nodiscard]] random::Key key(std::uint64_t step, random::Purpose purpose) const {
    return {.seed = secret_,
            .site = static_cast<std::uint32_t>(step >> 32),  // the secret already names the site
            .step = static_cast<std::uint32_t>(step),
            .purpose = purpose};
  }

  void require_permitted(Reveals reveals, std::uint64_t samples_behind) const {
    if (!policy_.permits(reveals)) {
      throw PolicyError(
          reveals == Reveals::paired_image
              ? "a gradient computed from the paired image gives that image away; this site's "
                "policy forbids it (\"allow_gradients_that_reveal_images\" is false)"
              : "a gradient computed from the site's statistics may not leave: "
                "\"allow_site_statistics\" is false");
    }
    if (reveals == Reveals::site_statistics && samples_behind < policy_.minimum_batch) {
      throw PolicyError("the statistics behind a gradient are over " +
                        std::to_string(samples_behind) + " samples, the policy's minimum is " +
                        std::to_string(policy_.minimum_batch) + " (\"minimum_batch\")");
    }
  }

  static void require_finite(const HostTensor& tensor) {
    std::visit(
        [](const auto& held) {
          const auto values = held.values();
          for (const auto value : values) {
            if (std::isfinite(value)) continue;
            throw PolicyError("a gradient with " + std::to_string(value) +
                              " does not leave: training has diverged at this site");
          }
        },
        tensor.storage());
  }

  SitePolicy policy_;
  std::uint64_t secret_;
};

}  // namespace asyndgan::privacy
