// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/slices.hpp"
#include "asyndgan/downstream/progress.hpp"
#include "asyndgan/downstream/synthesize.hpp"
#include "asyndgan/modality/generator_input.hpp"
#include "asyndgan/networks/network.hpp"

namespace asyndgan::downstream {

/// Slices in which every channel is filled, and which of them the generator filled.
struct CompletedSlices {
  data::Slices slices;
  std::vector<std::string> synthetic;
};

/// Gives a site the channels that it lacks: drawn by the generator for the site's own label
/// maps, beside the site's real channels, which stay as they are. It runs at the site, on what
/// is private there, and its result is as private:
///
///   auto completed = mine.map([&](const Slices& s) { return complete_modality(G, ...); });
///
/// Shapes    the result has options.channels, in that order: what the generator draws.
/// Requires  every channel of `site` is among options.channels; options.copies is 1.
/// Errors    ContractViolation.
/// Source    Chang et al. 2020 (arXiv:2012.08604), section on missing modalities.
template <networks::Generator G>
[[nodiscard]] CompletedSlices complete_modality(G& generator, const modality::GeneratorInput& input,
                                                const data::Slices& site,
                                                const SynthesizeOptions& options,
                                                const ProgressCallback& progress = {}) {
  data::require_consistent(site);
  if (options.copies != 1) {
    throw ContractViolation("complete_modality: one image per slice, not " +
                            std::to_string(options.copies) + " copies");
  }
  const auto place = [](const std::vector<std::string>& names, const std::string& name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  for (const std::string& channel : site.channels) {
    if (place(options.channels, channel) == options.channels.size()) {
      throw ContractViolation("complete_modality: the site's channel '" + channel +
                              "' is none of the generator's");
    }
  }
  CompletedSlices result{synthesize(generator, input, site.labels, site.info, options, progress),
                         {}};
  const Shape& whole = result.slices.images.shape();
  const std::size_t plane = whole.plane();
  for (std::size_t c = 0; c < options.channels.size(); ++c) {
    const std::size_t own = place(site.channels, options.channels[c]);
    if (own == site.channels.size()) {
      result.synthetic.push_back(options.channels[c]);
      continue;
    }
    for (std::size_t i = 0; i < site.size(); ++i) {
      std::copy_n(site.images.data() + i * site.images.shape().image() + own * plane, plane,
                  result.slices.images.data() + i * whole.image() + c * plane);
    }
  }
  return result;
}

}  // namespace asyndgan::downstream
