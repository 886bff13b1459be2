// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/pointwise_loss.hpp"
#include "asyndgan/layers/layer.hpp"
#include "asyndgan/losses/loss.hpp"
#include "asyndgan/losses/masked_l1.hpp"  // repeat_channel
#include "asyndgan/networks/network.hpp"

namespace asyndgan::losses {

namespace detail {
/// Every channel as a grey image of its own in three equal channels: (N, C, H, W) becomes
/// (N*C, 3, H, W).
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> grey_to_rgb(const Tensor<T, D>& image) {
  const Shape& shape = image.shape();
  auto grey = Tensor<T, D>::uninitialized({shape.n * shape.c, 1, shape.h, shape.w});
  D::copy(grey.data(), image.data(), image.bytes());
  return repeat_channel(grey, 3);
}

/// The way back of grey_to_rgb: the sum over the three.
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> rgb_to_grey(const Tensor<T, D>& d_rgb, const Shape& shape) {
  auto d_image = Tensor<T, D>(shape);
  auto part = Tensor<T, D>::uninitialized(shape);
  for (int k = 0; k < 3; ++k) {
    for (int i = 0; i < d_rgb.shape().n; ++i) {
      D::copy(part.data() + static_cast<std::size_t>(i) * shape.plane(),
              kernels::detail::plane(d_rgb, i, k), shape.plane() * sizeof(T));
    }
    kernels::scale_and_add(1, 1, part, d_image);
  }
  return d_image;
}
}  // namespace detail

/// The mean over a network's feature maps of the mean squared distance between those of `image`
/// and those of `target`; the gradient is that of `image`. An image with other than 3 channels is
/// read as so many grey images.
///
/// The gradient depends on the one target and gives it away: see docs/privacy.md.
///
/// Requires  a frozen network, such as networks::Vgg16Features; its parameter gradients are left
///           alone.
/// Errors    ShapeError when the shapes differ, are empty, or do not suit the network.
/// Source    Johnson et al. 2016, arXiv:1603.08155, section 3.2; four layers of equal weight and
///           images in [-1, 1] as in the papers' code.
template <networks::FeatureExtractor Network, class T = typename Network::Scalar,
          class D = typename Network::Place>
[[nodiscard]] Loss<T, D> perceptual(Network& network, const Tensor<T, D>& image,
                                    const Tensor<T, D>& target) {
  require_shape(target.shape(), image.shape(), "perceptual: target");
  detail::require_elements(image.shape(), "perceptual: image");
  const bool grey = image.shape().c != 3;
  const auto input = [&](const Tensor<T, D>& x) { return grey ? detail::grey_to_rgb(x) : x; };
  typename Network::Saved seen;
  typename Network::Saved wanted;
  (void)network.forward(input(image), seen, layers::Pass::evaluation());
  (void)network.forward(input(target), wanted, layers::Pass::evaluation());
  const auto features = network.features(seen);
  const auto targets = network.features(wanted);
  const auto distance = [](double x, double y) {
    return kernels::PointLoss{(x - y) * (x - y), 2 * (x - y)};
  };
  Loss<T, D> loss;
  std::vector<Tensor<T, D>> d_features;
  for (std::size_t m = 0; m < features.size(); ++m) {
    const Tensor<T, D>& x = *features[m];
    const double share = 1 / (static_cast<double>(features.size()) * static_cast<double>(x.size()));
    auto& d_x = d_features.emplace_back(Tensor<T, D>::uninitialized(x.shape()));
    loss.value += kernels::pointwise_loss(distance, share, d_x, x, *targets[m]);
  }
  loss.gradient = network.backward(Tensor<T, D>(), seen, layers::Wanted::input, d_features);
  if (grey) loss.gradient = detail::rgb_to_grey(loss.gradient, image.shape());
  return loss;
}

}  // namespace asyndgan::losses
