// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/region_moments.hpp"
#include "asyndgan/losses/running_statistics.hpp"

namespace asyndgan::losses {

/// A loss on several feature maps. A gradient is empty where none enters, as
/// networks::FeatureExtractor wants it.
template <std::floating_point T, Device D = Cpu>
struct FeatureLoss {
  double value = 0;
  std::vector<Tensor<T, D>> gradients;
};

/// Weights of the two parts.
struct FeatureStatisticsOptions {
  double mean = 1;
  double second_moment = 1;
};

namespace detail {
/// In how many of the fakes each region appears; 0 for a region that is not ready.
template <std::floating_point T, Device D>
[[nodiscard]] std::vector<double> usable_images(const RunningStatistics<T, D>& site,
                                                const kernels::RegionTable& votes,
                                                const kernels::RegionTable& pixels) {
  std::vector<double> images(static_cast<std::size_t>(pixels.regions));
  for (int r = 0; r < pixels.regions; ++r) {
    if (!site.ready(r, votes.at(0, r, 0))) continue;
    for (int n = 0; n < pixels.images; ++n) {
      images[static_cast<std::size_t>(r)] += pixels.at(n, r, 0) > 0 ? 1 : 0;
    }
  }
  return images;
}

/// weight * sum over usable regions and channels of (E fake - site)^2; writes its derivative by
/// the values of the pixels to `d`.
[[nodiscard]] inline double match(double weight, const std::vector<double>& usable,
                                  const kernels::RegionTable& pixels,
                                  const kernels::RegionTable& fake,
                                  const kernels::RegionTable& site, kernels::RegionTable& d) {
  double value = 0;
  for (int r = 0; r < fake.regions; ++r) {
    const double images = usable[static_cast<std::size_t>(r)];
    for (int c = 0; c < fake.channels && images > 0; ++c) {
      double mean = 0;
      for (int n = 0; n < fake.images; ++n) mean += fake.at(n, r, c) / images;
      const double distance = mean - site.at(0, r, c);
      value += weight * distance * distance;
      for (int n = 0; n < fake.images; ++n) {
        const double count = images * pixels.at(n, r, 0);
        if (count > 0) d.at(n, r, c) = 2 * weight * distance / count;
      }
    }
  }
  return value;
}
}  // namespace detail

/// How far the features of a batch of fakes are, on average, from those of the site's real images:
/// the guidance of a perceptual loss without reading any one image.
///
///   L = mean over maps, regions, channels of  w1 (E f - site mean)^2 + w2 (E f^2 - site square)^2
///
/// E is the mean over the fakes in which the region appears of their mean over it. Regions that
/// are not ready, or that no fake has, are left out.
///
/// Shapes  as RunningStatistics::update; one gradient per feature map.
/// Errors  as RunningStatistics::update.
/// Source  Salimans et al. 2016, arXiv:1606.03498, section 3.1, with a running mean over the site
///         in place of a batch of real images.
template <std::floating_point T, Device D>
[[nodiscard]] FeatureLoss<T, D> feature_statistics(
    const RunningStatistics<T, D>& site, typename RunningStatistics<T, D>::FeatureMaps features,
    const LabelMap& labels = {}, const FeatureStatisticsOptions& options = {}) {
  site.require_fit(features, labels);
  FeatureLoss<T, D> loss;
  loss.gradients.resize(features.size());
  for (std::size_t m = 0; m < features.size(); ++m) {
    const Tensor<T, D>& x = *features[m];
    const LabelMap pixels = site.regions_of(x, labels);
    const auto fake = kernels::region_moments(x, pixels, site.options().regions);
    const auto real = site.snapshot(m);
    const auto usable = detail::usable_images(site, real.votes, fake.pixels);
    const auto regions =
        usable.size() - static_cast<std::size_t>(std::count(usable.begin(), usable.end(), 0.0));
    if (regions == 0) continue;
    const double share =
        1 / (static_cast<double>(features.size() * regions) * static_cast<double>(x.shape().c));
    kernels::RegionTable d_mean(x.shape().n, site.options().regions, x.shape().c);
    kernels::RegionTable d_square = d_mean;
    loss.value +=
        detail::match(share * options.mean, usable, fake.pixels, fake.mean, real.mean, d_mean);
    loss.value += detail::match(share * options.second_moment, usable, fake.pixels, fake.square,
                                real.square, d_square);
    loss.gradients[m] = kernels::region_moments_backward(x, pixels, d_mean, d_square);
  }
  return loss;
}

#ifdef ASYNDGAN_COMPILED
extern template FeatureLoss<float, Cpu> feature_statistics(const RunningStatistics<float, Cpu>&,
                                                           RunningStatistics<float>::FeatureMaps,
                                                           const LabelMap&,
                                                           const FeatureStatisticsOptions&);
#endif

}  // namespace asyndgan::losses
