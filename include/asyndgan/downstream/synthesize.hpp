// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/data/slices.hpp"
#include "asyndgan/downstream/progress.hpp"
#include "asyndgan/layers/layer.hpp"  // Pass
#include "asyndgan/modality/generator_input.hpp"
#include "asyndgan/networks/network.hpp"
#include "asyndgan/optim/weight_average.hpp"

namespace asyndgan::downstream {

struct SynthesizeOptions {
  int copies = 1;       // images drawn for each label map
  int batch = 8;        // maps per forward pass; like the seed, part of the result
  bool dropout = true;  // stays on: it is the generator's noise, with the noise channels
  std::uint64_t seed = 0;
  std::vector<std::string> channels = {};  // names of the result's; "c0", "c1", ... if empty
};

namespace detail {

/// The maps [begin, end) of a batch.
[[nodiscard]] inline LabelMap maps_between(const LabelMap& maps, int begin, int end) {
  LabelMap part(end - begin, maps.h, maps.w);
  const auto first = maps.labels.begin() +
                     static_cast<std::ptrdiff_t>(static_cast<std::size_t>(begin) * maps.plane());
  std::copy_n(first, part.labels.size(), part.labels.begin());
  return part;
}

template <std::floating_point T, Device D>
void copy_as_float(const Tensor<T, D>& from, float* to) {
  const auto values = from.to_host();
  std::transform(values.begin(), values.end(), to, [](T v) { return static_cast<float>(v); });
}

inline void require_options(const SynthesizeOptions& options) {
  if (options.copies >= 1 && options.batch >= 1) return;
  throw ContractViolation("synthesize: " + std::to_string(options.copies) +
                          " copies in batches of " + std::to_string(options.batch) +
                          ", expected at least 1 of each");
}

}  // namespace detail

/// Draws images for label maps: a labelled data set that holds no real image.
///
/// Shapes    maps (N, H, W); the result has N * copies images, all maps once, then all again.
/// Requires  `info` has an element for each map, or none.
/// Ensures   image i depends on the generator, its map, the options and i alone; cases are
///           named after their map's, "p7" for the first copy, "p7+1" for the second. The
///           generator is as it was before.
/// Errors    ContractViolation, ShapeError where maps, input and generator do not fit.
template <networks::Generator G>
[[nodiscard]] data::Slices synthesize(G& generator, const modality::GeneratorInput& input,
                                      const LabelMap& maps, std::vector<data::SliceInfo> info,
                                      const SynthesizeOptions& options,
                                      const ProgressCallback& progress = {}) {
  using T = typename G::Scalar;
  using D = typename G::Place;
  detail::require_options(options);
  if (info.empty()) {
    for (int i = 0; i < maps.n; ++i) info.push_back({"map-" + std::to_string(i)});
  }
  if (info.size() != static_cast<std::size_t>(maps.n)) {
    throw ContractViolation("synthesize: " + std::to_string(info.size()) + " infos for " +
                            std::to_string(maps.n) + " label maps");
  }
  Shape shape = generator.output_shape({maps.n, input.channels(), maps.h, maps.w});
  shape.n *= options.copies;
  data::Slices result{.images = Tensor<float>::uninitialized(shape),
                      .labels = LabelMap(shape.n, maps.h, maps.w),
                      .info = {},
                      .classes = input.classes,
                      .channels = options.channels};
  if (options.channels.empty()) {
    for (int c = 0; c < shape.c; ++c) result.channels.push_back("c" + std::to_string(c));
  }
  layers::Pass pass{.training = false, .dropout = options.dropout, .key = {.seed = options.seed}};
  std::size_t at = 0;
  for (int copy = 0; copy < options.copies; ++copy) {
    for (int begin = 0; begin < maps.n; begin += options.batch) {
      const int end = std::min(maps.n, begin + options.batch);
      const LabelMap part = detail::maps_between(maps, begin, end);
      typename G::Saved saved;
      const auto images = generator.forward(input.template make<T, D>(part, pass.key), saved, pass);
      detail::copy_as_float(images, result.images.data() + at * shape.image());
      std::copy(part.labels.begin(), part.labels.end(),
                result.labels.labels.begin() + static_cast<std::ptrdiff_t>(at * shape.plane()));
      for (int i = begin; i < end; ++i) {
        result.info.push_back(info[static_cast<std::size_t>(i)]);
        if (copy > 0) result.info.back().case_id += "+" + std::to_string(copy);
      }
      at += static_cast<std::size_t>(end - begin);
      ++pass.key.step;  // every forward pass has its own noise and dropout masks
      if (progress) progress(static_cast<int>(at), shape.n);
    }
  }
  data::require_consistent(result);
  return result;
}

/// As above with the averaged weights, which draw better images than the last step's.
template <networks::Generator G>
[[nodiscard]] data::Slices synthesize(
    G& generator, optim::WeightAverage<typename G::Scalar, typename G::Place>& average,
    const modality::GeneratorInput& input, const LabelMap& maps, std::vector<data::SliceInfo> info,
    const SynthesizeOptions& options, const ProgressCallback& progress = {}) {
  const optim::AveragedScope averaged(average);
  return synthesize(generator, input, maps, std::move(info), options, progress);
}

}  // namespace asyndgan::downstream
