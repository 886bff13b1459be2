// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/cpu/gemm.hpp"
#include "asyndgan/kernels/cpu/scratch.hpp"
#include "asyndgan/kernels/cpu/strip.hpp"
#include "asyndgan/kernels/cpu/tap_plan.hpp"

namespace asyndgan::kernels::cpu {

/// How the weight tensor is read as a matrix of (result channel, source channel, tap).
struct WeightStrides {
  std::size_t row;
  std::size_t channel;
};

/// A convolution or its adjoint: for every result channel m
///
///   to[n, m, phase, i, j] = bias[m] + sum over source channels and the phase's taps
///
/// Items are (strip of the grid) x (group of panels of result channels). An item loads a block of
/// source channels into L2, multiplies all its panels with it, and goes on to the next block; its
/// sums stay in L2 until they are written out once.
template <class T>
class Correlation {
 public:
  using Array = Tensor<T, Cpu>;

  Correlation(const Array& from, const Array& weight, const WeightStrides& strides,
              const Array& bias, const TapPlan& plan, Array& to)
      : from_(from),
        weight_(weight),
        strides_(strides),
        bias_(bias),
        plan_(plan),
        to_(to),
        shape_(product_shape<T>()),
        panels_(to.shape().c, shape_.max_rows),
        vectors_(shape_.vectors(panels_.height(0))),
        block_(channel_block()) {}

  void run() {
    if (to_.empty()) return;
    choose_split();
    if (!packs_by_item()) {
      packed_ = scratch<T, ScratchUse::weights>(weight_.size());
      parallel_for(static_cast<std::size_t>(panels_.count), [&](std::size_t panel) {
        const int p = static_cast<int>(panel);
        for (int block = 0; block < from_.shape().c; block += block_) {
          pack(block, p, p + 1, [&](int phase, int channels) {
            return packed_ + packed_at(phase, block, channels, panels_.begin(p));
          });
        }
      });
    }
    const auto groups = static_cast<std::size_t>(group_count());
    // A folded border row may belong to another strip: one item then owns whole images.
    const auto strips = static_cast<std::size_t>(plan_.fold ? strips_.batch : strips_.count());
    parallel_for(strips * groups, [&](std::size_t item) {
      const int begin = static_cast<int>(item % groups) * group_;
      const int end = std::min(panels_.count, begin + group_);
      const int strip = static_cast<int>(item / groups);
      if (!plan_.fold) {
        compute(strips_[strip], begin, end);
        return;
      }
      clear(strip, begin, end);
      for (int s = 0; s < strips_.per_image(); ++s) {
        compute(strips_[strip * strips_.per_image() + s], begin, end);
      }
    });
  }

 private:
  // About 256 products per accumulator between two visits of the sums: 1.5 % of traffic for them,
  // while the tile's share of the block (256 / taps channels) stays in L1.
  static constexpr int kDepth = 256;
  // Sums of one item, scalars: half of a 512 KB L2 in float.
  static constexpr int kSums = 65536;
  // Enough items that three threads end together; fewer where an item would be too small to pay
  // for its own loading.
  static constexpr int kItems = 8;
  static constexpr int kSmallStrip = 128;  // pixels
  static constexpr int kSmallGroup = 4;    // panels

  [[nodiscard]] int channel_block() const {
    const int block = std::clamp(kDepth / average_taps(), 1, 128);
    const int channels = from_.shape().c;
    const int blocks = (channels + block - 1) / block;
    return (channels + blocks - 1) / blocks;
  }
  [[nodiscard]] int average_taps() const {
    const int all = static_cast<int>(weight_.shape().plane());
    return (all + plan_.phases() - 1) / plan_.phases();
  }

  [[nodiscard]] int group_count() const { return (panels_.count + group_ - 1) / group_; }

  void choose_split() {
    const int rows = std::min(panels_.rows, 128);
    group_ = std::min(panels_.count, (rows + shape_.max_rows - 1) / shape_.max_rows);
    int pixels = std::clamp(kSums / rows, 256, 2048) / plan_.phases();
    const auto cut = [&] {
      strips_ = Strips::of_size(to_.shape().n, plan_.y.grid, plan_.x.grid, std::max(1, pixels));
      if (plan_.fold) strips_.images = 1;
      return (plan_.fold ? strips_.batch : strips_.count()) * group_count();
    };
    while (cut() < kItems) {
      if (!plan_.fold && pixels * plan_.phases() > kSmallStrip) {
        pixels = (pixels + 1) / 2;
      } else if (group_ > kSmallGroup) {
        group_ = (group_ + 1) / 2;
      } else {
        return;
      }
    }
  }

  [[nodiscard]] std::size_t taps_before(int phase) const {
    std::size_t before = 0;
    for (int p = 0; p < phase; ++p) before += static_cast<std::size_t>(plan_.tap_count(p));
    return before;
  }

  /// Packed weights: (phase, channel block, panel, channel, tap, row of the panel).
  [[nodiscard]] std::size_t packed_at(int phase, int channel, int channels, int row) const {
    const auto taps = static_cast<std::size_t>(plan_.tap_count(phase));
    const auto rows = static_cast<std::size_t>(panels_.rows);
    return rows * (static_cast<std::size_t>(from_.shape().c) * taps_before(phase) +
                   static_cast<std::size_t>(channel) * taps) +
           static_cast<std::size_t>(row) * static_cast<std::size_t>(channels) * taps;
  }

  /// With one strip no packed weight is used twice: an item packs its own block by block, and none
  /// of them leaves the cache. The bottom of a U-Net has 16 MB of weights for 4 pixels.
  [[nodiscard]] bool packs_by_item() const { return strips_.count() == 1; }

  /// Packs the weights of one channel block and panels [begin, end), each phase to to(phase,
  /// channels).
  template <class To>
  void pack(int block, int begin, int end, const To& to) const {
    const int channels = std::min(block_, from_.shape().c - block);
    for (int phase = 0; phase < plan_.phases(); ++phase) {
      T* next = to(phase, channels);
      for (int panel = begin; panel < end; ++panel) {
        next = pack_panel(phase, block, channels, panel, next);
      }
    }
  }

  T* pack_panel(int phase, int block, int channels, int panel, T* to) const {
    const auto row = static_cast<std::size_t>(panels_.begin(panel));
    const auto rows = static_cast<std::size_t>(panels_.height(panel));
    const auto kernel = static_cast<std::size_t>(weight_.shape().w);
    for (int c = block; c < block + channels; ++c) {
      const T* from =
          weight_.data() + row * strides_.row + static_cast<std::size_t>(c) * strides_.channel;
      for (const auto& a : plan_.phase_y(phase).taps) {
        for (const auto& b : plan_.phase_x(phase).taps) {
          const T* tap =
              from + static_cast<std::size_t>(a.index) * kernel + static_cast<std::size_t>(b.index);
          for (std::size_t r = 0; r < rows; ++r) *to++ = tap[r * strides_.row];
        }
      }
    }
    return to;
  }

  [[nodiscard]] std::vector<std::ptrdiff_t> tap_offsets(const StripLayout& layout,
                                                        int phase) const {
    std::vector<std::ptrdiff_t> offsets;
    for (const auto& a : plan_.phase_y(phase).taps) {
      for (const auto& b : plan_.phase_x(phase).taps) offsets.push_back(layout.tap(a, b));
    }
    return offsets;
  }

  void compute(const Strip& strip, int panel_begin, int panel_end) const {
    const StripLayout layout(plan_, strip);
    const Tiles tiles(layout, strip, plan_.x.grid, vectors_ * shape_.lanes);
    const int first_row = panels_.begin(panel_begin);
    const auto rows = static_cast<std::size_t>(panels_.begin(panel_end) - first_row);
    // One line more than the tiles need, so that rows do not fall into one cache set.
    const std::size_t stride = (tiles.offsets.size() * static_cast<std::size_t>(vectors_) + 2) *
                               static_cast<std::size_t>(shape_.lanes);
    T* const source = scratch<T, ScratchUse::source>(layout.size(block_));
    T* const sums =
        scratch<T, ScratchUse::sums>(static_cast<std::size_t>(plan_.phases()) * rows * stride);
    const int all = from_.shape().c;
    T* const own = packs_by_item()
                       ? scratch<T, ScratchUse::weights>(rows * static_cast<std::size_t>(block_) *
                                                         weight_.shape().plane())
                       : nullptr;
    for (int block = 0; block < all; block += block_) {
      const int channels = std::min(block_, all - block);
      const auto weights = [&](int phase, int) {
        return own ? own + rows * static_cast<std::size_t>(channels) * taps_before(phase)
                   : packed_ + packed_at(phase, block, channels, first_row);
      };
      if (own) pack(block, panel_begin, panel_end, weights);
      layout.load(from_, strip, block, channels, source);
      for (int phase = 0; phase < plan_.phases(); ++phase) {
        const auto taps = tap_offsets(layout, phase);
        multiply(PixelProduct<T>{
            .panels = panels_,
            .panel_begin = panel_begin,
            .panel_end = panel_end,
            .weights = weights(phase, channels),
            .source = source,
            .plane = layout.plane(),
            .channels = channels,
            .taps = taps.data(),
            .tap_count = static_cast<int>(taps.size()),
            .tile_offsets = tiles.offsets.data(),
            .tile_count = static_cast<int>(tiles.offsets.size()),
            .vectors = vectors_,
            .sums = sums + static_cast<std::size_t>(phase) * rows * stride,
            .sums_stride = stride,
            .accumulate = block > 0,
        });
      }
    }
    for (int phase = 0; phase < plan_.phases(); ++phase) {
      for (std::size_t r = 0; r < rows; ++r) {
        const T* row = sums + (static_cast<std::size_t>(phase) * rows + r) * stride;
        write(strip, tiles, phase, first_row + static_cast<int>(r), row);
      }
    }
  }

  /// Result channel `channel` of one phase leaves the sums for its place in `to`.
  void write(const Strip& strip, const Tiles& tiles, int phase, int channel, const T* sums) const {
    const AxisPhase& y = plan_.phase_y(phase);
    const T bias = bias_.empty() ? T(0) : bias_.data()[channel];
    const int rows = std::min(strip.rows, y.count - strip.row);
    for (int n = 0; n < strip.images; ++n) {
      for (int r = 0; r < rows; ++r) {
        const T* from = sums + static_cast<std::size_t>(n) * tiles.image_stride +
                        static_cast<std::size_t>(r) * tiles.row_stride;
        int position = y.first + (strip.row + r) * plan_.y.step;
        if (plan_.fold) position = padded_index(position, to_.shape().h, PaddingMode::reflect);
        T* line = &to_(strip.image + n, channel, position, 0);
        if (plan_.fold) {
          fold_line(from, plan_.phase_x(phase), line);
        } else {
          write_line(from, plan_.phase_x(phase), bias, line);
        }
      }
    }
  }

  void write_line(const T* from, const AxisPhase& x, T bias, T* to) const {
    to += x.first;
    if (plan_.x.step == 1) {
      for (int j = 0; j < x.count; ++j) to[j] = from[j] + bias;
    } else {
      const std::ptrdiff_t step = plan_.x.step;
      for (std::ptrdiff_t j = 0; j < x.count; ++j) to[j * step] = from[j] + bias;
    }
  }

  void fold_line(const T* from, const AxisPhase& x, T* to) const {
    const int width = to_.shape().w;
    const int step = plan_.x.step;
    const int begin = std::clamp((step - 1 - x.first) / step, 0, x.count);
    const int end = std::clamp((width - x.first + step - 1) / step, begin, x.count);
    const auto mirror = [&](int j) {
      to[padded_index(x.first + j * step, width, PaddingMode::reflect)] += from[j];
    };
    for (int j = 0; j < begin; ++j) mirror(j);
    if (step == 1) {
      for (int j = begin; j < end; ++j) to[x.first + j] += from[j];
    } else {
      for (int j = begin; j < end; ++j) to[x.first + j * step] += from[j];
    }
    for (int j = end; j < x.count; ++j) mirror(j);
  }

  void clear(int image, int panel_begin, int panel_end) const {
    for (int channel = panels_.begin(panel_begin); channel < panels_.begin(panel_end); ++channel) {
      std::fill_n(&to_(image, channel, 0, 0), to_.shape().plane(),
                  bias_.empty() ? T(0) : bias_.data()[channel]);
    }
  }

  const Array& from_;
  const Array& weight_;
  const WeightStrides strides_;
  const Array& bias_;
  const TapPlan& plan_;
  Array& to_;
  const ProductShape shape_;
  const Panels panels_;
  const int vectors_;
  const int block_;  // source channels
  Strips strips_{};
  int group_ = 1;  // panels of an item
  T* packed_ = nullptr;
};

}  // namespace asyndgan::kernels::cpu
