// SPDX-License-Identifier: Apache-2.0
#include "atlas.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parallel.hpp"

namespace head_federation {
namespace {

constexpr int kBrainTissues = 3;  // CSF, grey and white matter, in order of their T1 intensity

struct Gaussian {
  double mean = 0;
  double variance = 1;
};
using Mixture = std::array<Gaussian, kBrainTissues>;

/// Lloyd's k-means of the brain's intensities, started at evenly spaced quantiles.
Mixture cluster(std::span<const float> brain) {
  std::vector<float> values;
  std::copy_if(brain.begin(), brain.end(), std::back_inserter(values),
               [](float v) { return v > 0; });
  if (values.empty()) throw asyndgan::DataError("the brain mask is empty");
  std::sort(values.begin(), values.end());
  Mixture mixture;
  for (std::size_t k = 0; k < mixture.size(); ++k) {
    mixture[k].mean = values[values.size() * (2 * k + 1) / (2 * mixture.size())];
  }
  for (int round = 0; round < 50; ++round) {  // settles after about 20
    // Sorted values: each cluster is the run between two midpoints.
    auto begin = values.begin();
    double moved = 0;
    for (std::size_t k = 0; k < mixture.size(); ++k) {
      const double limit = k + 1 < mixture.size() ? (mixture[k].mean + mixture[k + 1].mean) / 2
                                                  : std::numeric_limits<double>::infinity();
      const auto end = std::find_if(begin, values.end(), [&](float v) { return v >= limit; });
      const auto count = static_cast<double>(end - begin);
      if (count == 0) continue;
      const double mean = std::accumulate(begin, end, 0.0) / count;
      double squares = 0;
      for (auto v = begin; v != end; ++v) squares += (*v - mean) * (*v - mean);
      moved = std::max(moved, std::abs(mean - mixture[k].mean));
      mixture[k] = {mean, std::max(squares / count, 1.0)};
      begin = end;
    }
    if (moved < 1e-3) break;
  }
  return mixture;
}

/// Iterated conditional modes of a Potts model, so that noise does not make speckle of the
/// classes: each voxel takes the class of the highest posterior given its six neighbours.
/// Source  Besag 1986, "On the statistical analysis of dirty pictures", section 2.5.
void regularize(std::vector<std::uint8_t>& labels, const Atlas& grid, std::span<const float> brain,
                const Mixture& mixture) {
  constexpr double kCoupling = 0.6;  // log odds per neighbour; 1 eats thin sulci and gyri
  constexpr int kRounds = 4;         // changes below 0.1 % after that
  const auto sx = std::size_t{1};
  const auto sy = static_cast<std::size_t>(grid.nx);
  const auto sz = sy * static_cast<std::size_t>(grid.ny);
  const auto update = [&](std::size_t i) {
    int best = 0;
    double lowest = std::numeric_limits<double>::infinity();
    for (int k = 0; k < kBrainTissues; ++k) {
      const auto& [mean, variance] = mixture[static_cast<std::size_t>(k)];
      const double offset = static_cast<double>(brain[i]) - mean;
      double energy = offset * offset / (2 * variance) + std::log(variance) / 2;
      for (const std::size_t j : {i - sx, i + sx, i - sy, i + sy, i - sz, i + sz}) {
        if (labels[j] != background && labels[j] != csf + k) energy += kCoupling;
      }
      if (energy < lowest) {
        lowest = energy;
        best = k;
      }
    }
    labels[i] = static_cast<std::uint8_t>(csf + best);
  };
  for (int round = 0; round < 2 * kRounds; ++round) {
    // Like the fields of a chess board: voxels of one colour do not look at each other.
    asyndgan::parallel_for(static_cast<std::size_t>(grid.nz - 2), [&](std::size_t plane) {
      const int z = static_cast<int>(plane) + 1;
      for (int y = 1; y + 1 < grid.ny; ++y) {
        for (int x = 1 + (z + y + round) % 2; x + 1 < grid.nx; x += 2) {
          const std::size_t i = grid.index(x, y, z);
          if (labels[i] != background) update(i);
        }
      }
    });
  }
}

/// The AAL region's class, or background where the tissue decides.
Tissue structure_of(std::uint16_t region) {
  if (region >= 71 && region <= 78) return deep_nuclei;  // caudate, putamen, pallidum, thalamus
  if (region == 37 || region == 38 || region == 41 || region == 42) return hippocampus;
  if (region >= 91 && region <= 116) return cerebellum;  // with the vermis
  return background;
}

}  // namespace

Atlas build_atlas(int nx, int ny, int nz, std::span<const float> t1, std::span<const float> brain,
                  std::span<const std::uint16_t> regions) {
  Atlas atlas{nx, ny, nz, {}, {}};
  const std::size_t voxels = atlas.index(0, 0, nz);
  if (t1.size() != voxels || brain.size() != voxels || regions.size() != voxels) {
    throw asyndgan::DataError("the T1 volume, the brain mask and the regions differ in size");
  }
  const Mixture mixture = cluster(brain);
  atlas.labels.resize(voxels);
  for (std::size_t i = 0; i < voxels; ++i) {
    if (!(brain[i] > 0)) continue;
    const double v = brain[i];
    const double csf_grey = (mixture[0].mean + mixture[1].mean) / 2;
    const double grey_white = (mixture[1].mean + mixture[2].mean) / 2;
    atlas.labels[i] = v < csf_grey ? csf : v < grey_white ? grey_matter : white_matter;
  }
  regularize(atlas.labels, atlas, brain, mixture);

  const double white = mixture[2].mean;
  atlas.intensity.resize(voxels);
  for (std::size_t i = 0; i < voxels; ++i) {
    constexpr double kWhiteLevel = 0.73;
    constexpr double kHeadLevel = 0.29;  // of white matter: between skull and muscle in ch2
    atlas.intensity[i] = static_cast<float>(kWhiteLevel * t1[i] / white);
    if (atlas.labels[i] == background) {
      if (t1[i] > kHeadLevel * white) atlas.labels[i] = head;
    } else if (const Tissue part = structure_of(regions[i]);
               part != background && atlas.labels[i] != csf) {
      atlas.labels[i] = part;
    }
  }
  return atlas;
}

}  // namespace head_federation
