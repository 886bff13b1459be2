// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/core/safetensors.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/data/mirror.hpp"
#include "asyndgan/data/slices.hpp"
#include "asyndgan/federation/sampling.hpp"
#include "asyndgan/modality/condition.hpp"
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/privacy/policy.hpp"
#include "asyndgan/privacy/private.hpp"
#include "asyndgan/privacy/query_budget.hpp"

namespace asyndgan::federation {

/// A site's private images, the order in which it draws them, and how often it has. What is drawn
/// at a position depends on the secret and the position alone, so a resumed site draws what an
/// uninterrupted one would.
template <std::floating_point T, Device D = Cpu>
class SiteSamples {
 public:
  struct Options {
    std::string site;          // named in errors
    std::uint64_t secret = 0;  // keys the draws; 0 is refused
    bool flip = true;          // mirror half of the samples left to right
  };

  /// Real images with what they are conditioned on.
  struct Real {
    modality::Condition<T, D> condition;
    privacy::Private<Tensor<T, D>> images;  // (N, C, H, W), all of the run's channels
  };

  /// `run_channels` are the run's, in order; the site may lack some of them.
  ///
  /// Errors  DataError for fewer than two images, or a channel that the run does not have;
  ///         ContractViolation for a secret of 0, which is none.
  SiteSamples(privacy::Private<data::Slices> data, std::vector<std::string> run_channels,
              const privacy::SitePolicy& policy, const Options& options)
      : options_(options),
        data_(std::move(data)),
        run_channels_(std::move(run_channels)),
        map_order_(require_usable(), key(random::Purpose::sample_masks)),
        real_order_(size(), key(random::Purpose::sample_real)),
        budget_(size(), policy) {
    for (const std::string& channel : data_.at_site().channels) {
      const auto found = std::find(run_channels_.begin(), run_channels_.end(), channel);
      if (found == run_channels_.end()) {
        throw DataError("site '" + options_.site + "' has a channel '" + channel +
                        "' that its modality does not know");
      }
      channels_.push_back(static_cast<int>(found - run_channels_.begin()));
    }
  }

  [[nodiscard]] std::size_t size() const { return data_.at_site().size(); }
  [[nodiscard]] int classes() const { return data_.at_site().classes; }
  [[nodiscard]] int height() const { return data_.at_site().images.shape().h; }
  [[nodiscard]] int width() const { return data_.at_site().images.shape().w; }
  /// Of all channels of the run: how many there are, and which of them the site has.
  [[nodiscard]] int run_channels() const { return static_cast<int>(run_channels_.size()); }
  [[nodiscard]] const std::vector<int>& channels() const { return channels_; }
  [[nodiscard]] const std::vector<std::string>& channel_names() const { return run_channels_; }

  [[nodiscard]] privacy::SiteFacts facts() const {
    privacy::SiteFacts facts{.samples = size(),
                             .channels = run_channels_,
                             .classes = static_cast<std::uint32_t>(classes()),
                             .height = static_cast<std::uint32_t>(height()),
                             .width = static_cast<std::uint32_t>(width())};
    for (const int channel : channels_) facts.available |= 1U << channel;
    return facts;
  }

  /// Images in which each class appears.
  [[nodiscard]] std::vector<std::size_t> images_by_class() const {
    const LabelMap& labels = data_.at_site().labels;
    std::vector<std::size_t> images(static_cast<std::size_t>(classes()), 0);
    for (int n = 0; n < labels.n; ++n) {
      const auto* map = labels.labels.data() + static_cast<std::size_t>(n) * labels.plane();
      std::vector<bool> seen(images.size(), false);
      for (std::size_t i = 0; i < labels.plane(); ++i) seen[map[i]] = true;
      for (std::size_t c = 0; c < seen.size(); ++c) images[c] += seen[c] ? 1 : 0;
    }
    return images;
  }

  /// The label maps of the next `count` samples. The same until advance() is called.
  [[nodiscard]] privacy::Private<LabelMap> draw_maps(int count) {
    return draw(map_order_, random::Purpose::sample_masks, maps_drawn_, count)
        .map([](const data::Slices& slices) { return slices.labels; });
  }
  /// `count` samples drawn for D, which cost as many queries.
  /// Errors  PolicyError when the budget is spent.
  [[nodiscard]] Real draw_real(int count) {
    auto real = real_samples(real_order_, random::Purpose::sample_real, reals_drawn_, count);
    reals_drawn_ += count;
    return real;
  }
  /// The samples behind draw_maps(count). Errors  as draw_real().
  [[nodiscard]] Real draw_paired(int count) {
    return real_samples(map_order_, random::Purpose::sample_masks, maps_drawn_, count);
  }
  /// draw_maps() goes on behind the last `count` maps.
  void advance(int count) { maps_drawn_ += count; }

  [[nodiscard]] const privacy::QueryBudget& budget() const { return budget_; }
  /// Whatever a checkpoint says, so many queries have been answered.
  void count_at_least(const privacy::QueryBudget& spent) { budget_.count_at_least(spent); }

  /// Where the draws stand, and the queries spent.
  void collect(State<T, D>& state) {
    state.counters.push_back({"maps_drawn", &maps_drawn_});
    state.counters.push_back({"reals_drawn", &reals_drawn_});
    budget_.collect("queries", state);
  }
  /// Throws CheckpointError where a file of collect()'s state is of more images, or fewer: what
  /// they have answered could not be told apart.
  void require_same_images(const safetensors::File& file) const {
    const auto then = file.template values<std::int64_t>("queries.per_sample").size();
    if (then == size()) return;
    throw CheckpointError(file.source() + " is of " + std::to_string(then) +
                          " labelled images, site '" + options_.site + "' has " +
                          std::to_string(size()) + ": expected the images that it began with");
  }

 private:
  [[nodiscard]] privacy::Private<data::Slices> draw(EpochSampler& order, random::Purpose purpose,
                                                    std::int64_t position, int count) {
    const auto samples = order.draw(position, count);
    random::Key coins_key = key(random::Purpose::augment);
    coins_key.site = static_cast<std::uint32_t>(purpose);  // the secret already names the site
    const random::Stream coins(coins_key);
    return data_.map([&](const data::Slices& slices) {
      data::Slices batch = gather(slices, samples);
      for (std::size_t n = 0; options_.flip && n < samples.size(); ++n) {
        if (coins.below(static_cast<std::uint64_t>(position) + n, 2) == 1) mirror(batch, n);
      }
      return batch;
    });
  }

  [[nodiscard]] Real real_samples(EpochSampler& order, random::Purpose purpose,
                                  std::int64_t position, int count) {
    budget_.spend(order.draw(position, count));
    const auto batch = draw(order, purpose, position, count);
    return {modality::Condition<T, D>::one_hot(batch.at_site().labels, classes()),
            batch.map([&](const data::Slices& slices) { return all_channels(slices); })};
  }

  /// The run's channels; those that the site lacks are 0, and no discriminator looks at them.
  [[nodiscard]] Tensor<T, D> all_channels(const data::Slices& slices) const {
    const Shape& from = slices.images.shape();
    const Shape shape{from.n, run_channels(), from.h, from.w};
    std::vector<T> values(shape.size(), T{0});
    for (int n = 0; n < shape.n; ++n) {
      for (int c = 0; c < from.c; ++c) {
        const auto to =
            static_cast<std::size_t>(n) * shape.image() +
            static_cast<std::size_t>(channels_[static_cast<std::size_t>(c)]) * shape.plane();
        const float* plane = &slices.images(n, c, 0, 0);
        std::copy(plane, plane + shape.plane(), values.begin() + static_cast<std::ptrdiff_t>(to));
      }
    }
    return Tensor<T, D>::from_host(shape, values);
  }

  [[nodiscard]] random::Key key(random::Purpose purpose) const {
    return {.seed = options_.secret, .purpose = purpose};
  }

  [[nodiscard]] std::size_t require_usable() const {
    if (options_.secret == 0) {
      throw ContractViolation("site '" + options_.site +
                              "' has no secret: what it draws and hides could be computed by "
                              "everybody (privacy::draw_secret() makes one)");
    }
    if (size() >= 2) return size();
    throw DataError("site '" + options_.site + "' has " + std::to_string(size()) +
                    " labelled images, expected at least 2: with one, its gradients would be "
                    "about that image alone");
  }

  Options options_;
  privacy::Private<data::Slices> data_;
  std::vector<std::string> run_channels_;
  std::vector<int> channels_;  // of the run's, those that the site has
  EpochSampler map_order_;
  EpochSampler real_order_;
  privacy::QueryBudget budget_;
  std::int64_t maps_drawn_ = 0;
  std::int64_t reals_drawn_ = 0;
};

}  // namespace asyndgan::federation
