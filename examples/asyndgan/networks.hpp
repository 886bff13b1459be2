// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/exact.hpp"
#include "asyndgan/modality/generator_input.hpp"
#include "asyndgan/networks/initialize.hpp"
#include "asyndgan/networks/patch_discriminator.hpp"
#include "asyndgan/networks/pixel_discriminator.hpp"
#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/networks/unet_generator.hpp"
#include "asyndgan/networks/unet_segmenter.hpp"
#include "config.hpp"

/// The networks that a configuration names.
namespace asyndgan::program {

using Resnet = networks::ResnetGenerator<float>;
using Unet = networks::UnetGenerator<float>;
using Patch = networks::PatchDiscriminator<float>;
using Pixel = networks::PixelDiscriminator<float>;
using Segmenter = networks::UnetSegmenter<float>;

/// How the kernels compute, for the whole program.
inline void set_up_kernels(const RunConfig& config) {
  if (config.run.threads > 0) set_thread_count(config.run.threads);
  kernels::set_exact_convolutions(config.run.exact);
}

[[nodiscard]] inline layers::NormKind norm_kind(NormChoice choice) {
  switch (choice) {
    case NormChoice::none:
      return layers::NormKind::none;
    case NormChoice::batch:
      return layers::NormKind::batch;
    case NormChoice::instance:
      break;
  }
  return layers::NormKind::instance;
}

[[nodiscard]] inline modality::GeneratorInput generator_input(const RunConfig& config) {
  return {.classes = static_cast<int>(config.data.classes.size()),
          .noise_channels = config.generator.noise_channels};
}

/// Calls use(generator) with a fresh network of the configured kind.
template <class Use>
decltype(auto) with_generator(const RunConfig& config, Use&& use) {
  const auto& chosen = config.generator;
  const int in = generator_input(config).channels();
  const int out = static_cast<int>(config.data.channels.size());
  if (chosen.kind == GeneratorKind::unet) {
    return use(Unet({.in_channels = in,
                     .out_channels = out,
                     .base_channels = chosen.base_channels,
                     .downs = chosen.downs,
                     .norm = norm_kind(chosen.norm),
                     .dropout = chosen.dropout}));
  }
  return use(Resnet({.in_channels = in,
                     .out_channels = out,
                     .base_channels = chosen.base_channels,
                     .blocks = chosen.blocks,
                     .norm = norm_kind(chosen.norm),
                     .dropout = chosen.dropout}));
}

/// With the first weights of a run, which its seed decides.
template <networks::Generator G>
[[nodiscard]] G initialized(const RunConfig& config, G generator) {
  networks::initialize(generator, {.seed = config.run.seed});
  return generator;
}

/// Options of the discriminators; each site sets in_channels from what it has.
[[nodiscard]] inline Patch::Options patch_options(const RunConfig& config) {
  const auto& chosen = config.discriminator;
  return {.in_channels = 1,
          .base_channels = chosen.base_channels,
          .layers = chosen.layers,
          .norm = norm_kind(chosen.norm),
          .spectral_norm = chosen.spectral_norm};
}

[[nodiscard]] inline Pixel::Options pixel_options(const RunConfig& config) {
  const auto& chosen = config.discriminator;
  return {.in_channels = 1,
          .base_channels = chosen.base_channels,
          .norm = norm_kind(chosen.norm),
          .spectral_norm = chosen.spectral_norm};
}

[[nodiscard]] inline Segmenter::Options segmenter_options(const RunConfig& config) {
  return {.in_channels = static_cast<int>(config.data.channels.size()),
          .classes = static_cast<int>(config.data.classes.size()),
          .base_channels = config.segmenter.base_channels,
          .levels = config.segmenter.levels};
}

template <class Network>
[[nodiscard]] std::uint64_t parameter_count(Network& network) {
  State<float> state;
  network.collect("", state);
  return state.parameter_count();
}

}  // namespace asyndgan::program
