// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/layer.hpp"

namespace asyndgan::networks {

/// Intermediate activations of one forward pass, in the order of depth. They point into the
/// caller's Saved and live as long as it does.
template <std::floating_point T, Device D = Cpu>
using Features = std::vector<const Tensor<T, D>*>;

/// A layer that is a whole network, built from run-time options.
///
/// Ensures  two networks with the same describe() have the same tensors under the same names;
///          parameters are 0 until layers::initialize() or a checkpoint fills them, except
///          those of norms.
template <class N>
concept Network = layers::Layer<N> && std::constructible_from<N, const typename N::Options&> &&
    requires(const N& network) {
  { network.options() } -> std::convertible_to<const typename N::Options&>;
  { network.describe() } -> std::same_as<std::string>;  // one line, for checkpoints and logs
};

/// Draws an image for a condition: what the centre trains.
///
/// Shapes   forward (N, Y, H, W) -> (N, C, H, W), for the sizes that its documentation names.
/// Units    the image is in [-1, 1].
/// Ensures  every pass with another Pass::key gives another image, where it has dropout; there
///          is no other noise.
///
/// Models   ResnetGenerator, UnetGenerator.
template <class N>
concept Generator = Network<N>;

/// A network of which a loss may use what it sees on the way.
///
/// Requires  d_features is empty, or has an element for each of features(), which is empty
///           where no gradient enters. d_output may be empty: no gradient enters there.
/// Ensures   backward() treats d_features as part of dL: it adds them where they belong.
///
/// Models    every Discriminator, Vgg16Features.
template <class N, class T = typename N::Scalar, class D = typename N::Place>
concept FeatureExtractor = layers::Layer<N> &&
    requires(N& network, const N& constant, const typename N::Saved& saved,
             const Tensor<T, D>& d_output, layers::Wanted wanted,
             std::span<const Tensor<T, D>> d_features) {
  { constant.features(saved) } -> std::same_as<Features<T, D>>;
  { network.backward(d_output, saved, wanted, d_features) } -> std::same_as<Tensor<T, D>>;
};

/// Judges patches of an image together with its condition: what a site trains and keeps.
///
/// Shapes   forward (N, Y + C, H, W) -> (N, 1, H', W'), a logit for each patch.
/// Ensures  no sigmoid at the end: the losses take logits.
///
/// Models   PatchDiscriminator, PixelDiscriminator.
template <class N>
concept Discriminator = Network<N> && FeatureExtractor<N>;

}  // namespace asyndgan::networks
