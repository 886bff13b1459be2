// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/region_moments.hpp"

namespace asyndgan::losses {

namespace detail {
/// `labels` at the size of a feature map: the label at the centre of each of its pixels.
[[nodiscard]] inline LabelMap labels_at(const LabelMap& labels, int h, int w) {
  LabelMap small(labels.n, h, w);
  for (int n = 0; n < labels.n; ++n) {
    for (int i = 0; i < h; ++i) {
      const int y = (2 * i + 1) * labels.h / (2 * h);
      for (int j = 0; j < w; ++j) {
        small.at(n, i, j) = labels.at(n, y, (2 * j + 1) * labels.w / (2 * w));
      }
    }
  }
  return small;
}
}  // namespace detail

/// What a site's real images look like to a network, on average: for every feature map, region
/// and channel the mean of the activation and of its square, as an exponential average over all
/// batches of real images.
///
/// Every image in which a region appears has the same vote, however large the region. A region
/// is ready once the votes in its average, decay counted, reach `minimum_images`: from then on no
/// image has more than 1 / minimum_images of the weight. Before, nothing is said about it.
///
/// Regions are the classes of the images' label maps, or the whole image with regions = 1.
template <std::floating_point T, Device D = Cpu>
class RunningStatistics {
 public:
  using Scalar = T;
  using Place = D;
  using FeatureMaps = std::span<const Tensor<T, D>* const>;

  struct Options {
    std::vector<int> channels = {};  // of each feature map
    int regions = 1;                 // classes of the label maps, or 1 for the whole image
    double decay = 0.99;             // of the votes a region has, whenever a batch adds to it
    int minimum_images = 32;         // votes before a region is used
    std::vector<bool> silent = {};   // regions that are never used; empty: none
  };

  /// Throws ContractViolation on options with which no region would ever be ready.
  explicit RunningStatistics(Options options);

  /// Takes in a batch of real images. `labels` may be empty with regions = 1.
  ///
  /// Shapes  feature map m (N, channels[m], any, any), labels (N, H, W).
  /// Errors  ShapeError on other feature maps; ContractViolation on a label beyond the regions.
  void update(FeatureMaps features, const LabelMap& labels = {});

  /// The averages of one feature map, on the host; the tables have a single "image".
  struct Snapshot {
    kernels::RegionTable votes;   // (1, R, 1)
    kernels::RegionTable mean;    // (1, R, C)
    kernels::RegionTable square;  // (1, R, C)
  };
  [[nodiscard]] Snapshot snapshot(std::size_t map) const {
    const Map& m = maps_.at(map);
    return {table(m.votes), table(m.mean), table(m.square)};
  }
  [[nodiscard]] bool ready(int region, double votes) const {
    const bool silent =
        !options_.silent.empty() && options_.silent[static_cast<std::size_t>(region)];
    return !silent && votes >= options_.minimum_images;
  }

  [[nodiscard]] const Options& options() const { return options_; }

  /// "<prefix>.0.votes", "<prefix>.0.mean", "<prefix>.0.square", ... among the buffers.
  void collect(const std::string& prefix, State<T, D>& records);

  /// The region of every pixel of a feature map.
  [[nodiscard]] LabelMap regions_of(const Tensor<T, D>& x, const LabelMap& labels) const {
    const Shape& shape = x.shape();
    if (options_.regions == 1) return LabelMap(shape.n, shape.h, shape.w);
    return detail::labels_at(labels, shape.h, shape.w);
  }

  /// Throws as update() does.
  void require_fit(FeatureMaps features, const LabelMap& labels) const;

 private:
  struct Map {
    Tensor<T, D> votes;   // (R, 1, 1, 1)
    Tensor<T, D> mean;    // (R, C, 1, 1)
    Tensor<T, D> square;  // (R, C, 1, 1)
  };

  [[nodiscard]] static Options checked(Options options) {
    const bool positive = std::all_of(options.channels.begin(), options.channels.end(),
                                      [](int channels) { return channels > 0; });
    if (!positive || options.regions < 1 || options.regions > 256 || options.minimum_images < 1 ||
        (!options.silent.empty() &&
         options.silent.size() != static_cast<std::size_t>(options.regions)) ||
        !(options.decay >= 0 && options.decay < 1)) {
      throw ContractViolation("RunningStatistics: options out of range");
    }
    // One image a batch gives votes up to 1 / (1 - decay).
    if (options.minimum_images * (1 - options.decay) >= 1) {
      throw ContractViolation("RunningStatistics: decay " + std::to_string(options.decay) +
                              " forgets too fast for a minimum of " +
                              std::to_string(options.minimum_images) + " images");
    }
    return options;
  }

  [[nodiscard]] static kernels::RegionTable table(const Tensor<T, D>& x) {
    const auto values = x.to_host();
    kernels::RegionTable table(1, x.shape().n, x.shape().c);
    std::copy(values.begin(), values.end(), table.values.begin());
    return table;
  }
  static void store(const kernels::RegionTable& table, Tensor<T, D>& x) {
    std::vector<T> values(table.values.size());
    std::transform(table.values.begin(), table.values.end(), values.begin(),
                   [](double value) { return static_cast<T>(value); });
    x = Tensor<T, D>::from_host(x.shape(), values);
  }

  void update_map(Map& map, const kernels::RegionMoments& batch) const {
    Snapshot now{table(map.votes), table(map.mean), table(map.square)};
    for (int r = 0; r < options_.regions; ++r) {
      double added = 0;
      for (int n = 0; n < batch.pixels.images; ++n) added += batch.pixels.at(n, r, 0) > 0 ? 1 : 0;
      if (added == 0) continue;
      const double kept = options_.decay * now.votes.at(0, r, 0);
      now.votes.at(0, r, 0) = kept + added;
      take_in(batch.mean, r, kept, added, now.mean);
      take_in(batch.square, r, kept, added, now.square);
    }
    store(now.votes, map.votes);
    store(now.mean, map.mean);
    store(now.square, map.square);
  }

  /// Row r of `average`, which stands for `kept` votes, takes in `added` more. An image without
  /// the region has 0 in `values`.
  static void take_in(const kernels::RegionTable& values, int r, double kept, double added,
                      kernels::RegionTable& average) {
    for (int c = 0; c < values.channels; ++c) {
      double sum = kept * average.at(0, r, c);
      for (int n = 0; n < values.images; ++n) sum += values.at(n, r, c);
      average.at(0, r, c) = sum / (kept + added);
    }
  }

  Options options_;
  std::vector<Map> maps_;
};

template <std::floating_point T, Device D>
RunningStatistics<T, D>::RunningStatistics(Options options)
    : options_(checked(std::move(options))) {
  for (const int channels : options_.channels) {
    const Shape shape{options_.regions, channels, 1, 1};
    maps_.push_back(
        {Tensor<T, D>({options_.regions, 1, 1, 1}), Tensor<T, D>(shape), Tensor<T, D>(shape)});
  }
}

template <std::floating_point T, Device D>
void RunningStatistics<T, D>::update(FeatureMaps features, const LabelMap& labels) {
  require_fit(features, labels);
  for (std::size_t m = 0; m < maps_.size(); ++m) {
    const Tensor<T, D>& x = *features[m];
    update_map(maps_[m], kernels::region_moments(x, regions_of(x, labels), options_.regions));
  }
}

template <std::floating_point T, Device D>
void RunningStatistics<T, D>::collect(const std::string& prefix, State<T, D>& records) {
  for (std::size_t m = 0; m < maps_.size(); ++m) {
    const std::string name = prefix + "." + std::to_string(m);
    records.buffers.push_back({name + ".votes", &maps_[m].votes});
    records.buffers.push_back({name + ".mean", &maps_[m].mean});
    records.buffers.push_back({name + ".square", &maps_[m].square});
  }
}

template <std::floating_point T, Device D>
void RunningStatistics<T, D>::require_fit(FeatureMaps features, const LabelMap& labels) const {
  if (features.size() != maps_.size()) {
    throw ShapeError("RunningStatistics: " + std::to_string(features.size()) +
                     " feature maps, expected " + std::to_string(maps_.size()));
  }
  for (std::size_t m = 0; m < maps_.size(); ++m) {
    const Shape& shape = features[m]->shape();
    if (shape.c != options_.channels[m] || shape.size() == 0) {
      throw ShapeError("RunningStatistics: feature map " + std::to_string(m) + " has shape " +
                       to_string(shape) + ", expected " + std::to_string(options_.channels[m]) +
                       " channels");
    }
    if (options_.regions > 1 && labels.n != shape.n) {
      throw ShapeError("RunningStatistics: " + std::to_string(labels.n) +
                       " label maps for feature map " + std::to_string(m) + " of shape " +
                       to_string(shape));
    }
  }
  if (options_.regions == 1) return;
  for (const std::uint8_t label : labels.labels) {
    if (label >= options_.regions) {
      throw ContractViolation("RunningStatistics: label " + std::to_string(label) + " with " +
                              std::to_string(options_.regions) + " regions");
    }
  }
}

#ifdef ASYNDGAN_COMPILED
extern template class RunningStatistics<float, Cpu>;  // in asyndgan::compiled
#endif

}  // namespace asyndgan::losses
