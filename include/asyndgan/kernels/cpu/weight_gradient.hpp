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

/// The gradient of a convolution's weight, d_weight[f, k] += sum over images and pixels of
/// d_output[f] * input[k], where k counts (channel, tap).
///
/// Items are (group of filters) x (range of k), each over the whole batch: no two items add to the
/// same weight, so no reduction over threads is left, and no order of it. An item goes through the
/// batch in strips, with the filters of d_output turned innermost for the vectors.
template <class T>
class WeightGradient {
 public:
  using Array = Tensor<T, Cpu>;

  WeightGradient(const Array& input, const Array& d_output, const TapPlan& plan, Array& d_weight)
      : input_(input),
        d_output_(d_output),
        plan_(plan),
        d_weight_(d_weight),
        shape_(product_shape<T>()),
        taps_(static_cast<int>(d_weight.shape().plane())),
        thin_(d_output.shape().c <= shape_.lanes),
        width_(thin_ ? d_output.shape().c : 2 * shape_.lanes),
        block_(thin_ ? kDotRows : shape_.max_rows),
        strips_(Strips::of_size(input.shape().n, plan.y.grid, plan.x.grid, kPixels)) {}

  void run() {
    if (d_weight_.empty() || d_output_.empty()) return;
    choose_split();
    const auto ranges = static_cast<std::size_t>((depth() + range_ - 1) / range_);
    const auto groups = static_cast<std::size_t>((panel_count() + group_ - 1) / group_);
    parallel_for(groups * ranges, [&](std::size_t item) {
      const int panel = static_cast<int>(item / ranges) * group_;
      const int k = static_cast<int>(item % ranges) * range_;
      compute(panel, std::min(panel_count(), panel + group_), k, std::min(depth(), k + range_));
    });
  }

 private:
  // Pixels of a strip: a panel of d_output (16 floats a pixel) is then 32 KB, and a sum of 512
  // products is added to the earlier ones in one rounding.
  static constexpr int kPixels = 512;
  // Weights k of an item: loading d_output costs one copy for 240 products.
  static constexpr int kRange = 240;
  static constexpr int kSmallRange = 48;
  static constexpr int kGroup = 4;  // panels of an item
  static constexpr int kItems = 8;  // as in Correlation

  [[nodiscard]] int depth() const { return d_weight_.shape().c * taps_; }
  [[nodiscard]] int panel_count() const { return (d_output_.shape().c + width_ - 1) / width_; }

  void choose_split() {
    const auto whole_blocks = [&](int k) { return (k + block_ - 1) / block_ * block_; };
    // A 1x1 window has a channel per weight: at most 64, which keeps the strip in L2.
    range_ = whole_blocks(std::min({depth(), kRange, 64 * taps_}));
    group_ = std::min(panel_count(), kGroup);
    const auto items = [&] {
      return (depth() + range_ - 1) / range_ * ((panel_count() + group_ - 1) / group_);
    };
    while (items() < kItems) {
      if (group_ > 1) {
        group_ = (group_ + 1) / 2;
      } else if (range_ > kSmallRange) {
        range_ = whole_blocks(range_ / 2);
      } else {
        return;
      }
    }
  }

  /// Weights [k_begin, k_end) of the filters in panels [panel_begin, panel_end).
  void compute(int panel_begin, int panel_end, int k_begin, int k_end) const {
    const int rows = (k_end - k_begin + block_ - 1) / block_ * block_;
    const std::size_t panel_sums = static_cast<std::size_t>(rows) * width();
    const auto panels = static_cast<std::size_t>(panel_end - panel_begin);
    T* const sums = scratch<T, ScratchUse::sums>(panels * panel_sums);
    std::fill_n(sums, panels * panel_sums, T(0));
    for (int s = 0; s < strips_.count(); ++s) {
      add_strip(strips_[s], panel_begin, panel_end, k_begin, k_end, rows, sums);
    }
    for (int panel = panel_begin; panel < panel_end; ++panel) {
      const T* from = sums + static_cast<std::size_t>(panel - panel_begin) * panel_sums;
      const int filters = std::min(width_, d_output_.shape().c - panel * width_);
      for (int f = 0; f < filters; ++f) {
        T* to = &d_weight_(panel * width_ + f, 0, 0, 0);
        for (int k = k_begin; k < k_end; ++k) {
          const auto i = static_cast<std::size_t>(k - k_begin);
          const auto j = static_cast<std::size_t>(f);
          to[k] += thin_ ? from[j * static_cast<std::size_t>(rows) + i] : from[i * width() + j];
        }
      }
    }
  }

  void add_strip(const Strip& strip, int panel_begin, int panel_end, int k_begin, int k_end,
                 int rows, T* sums) const {
    const StripLayout layout(plan_, strip);
    const int channel = k_begin / taps_;
    const int channels = (k_end - 1) / taps_ - channel + 1;
    T* const source = scratch<T, ScratchUse::source>(layout.size(channels));
    layout.load(input_, strip, channel, channels, source);

    std::vector<std::ptrdiff_t> lines;
    for (int n = 0; n < strip.images; ++n) {
      for (int r = 0; r < strip.rows; ++r) lines.push_back(layout.line(n, r));
    }
    const auto offsets = row_offsets(layout, channel, k_begin, k_end, rows);
    if (thin_) {
      const int columns = (plan_.x.grid + shape_.lanes - 1) / shape_.lanes * shape_.lanes;
      multiply(DotProduct<T>{
          .d_output = load_lines(strip, static_cast<std::size_t>(columns)),
          .filters = width_,
          .lines = static_cast<int>(lines.size()),
          .columns = columns,
          .source = source,
          .line_offsets = lines.data(),
          .row_offsets = offsets.data(),
          .rows = rows,
          .sums = sums,
      });
      return;
    }
    for (int panel = panel_begin; panel < panel_end; ++panel) {
      multiply(WeightProduct<T>{
          .d_output = load_columns(strip, panel),
          .lines = static_cast<int>(lines.size()),
          .columns = plan_.x.grid,
          .source = source,
          .line_offsets = lines.data(),
          .row_offsets = offsets.data(),
          .rows = rows,
          .sums = sums + static_cast<std::size_t>(panel - panel_begin) *
                             static_cast<std::size_t>(rows) * width(),
      });
    }
  }

  /// Offsets of weights k_begin ... in the strip; the last one again to fill a block.
  [[nodiscard]] std::vector<std::ptrdiff_t> row_offsets(const StripLayout& layout, int channel,
                                                        int k_begin, int k_end, int rows) const {
    const auto kernel = static_cast<int>(plan_.phase_x(0).taps.size());
    std::vector<std::ptrdiff_t> offsets;
    for (int i = 0; i < rows; ++i) {
      const int k = std::min(k_begin + i, k_end - 1);
      const auto plane = static_cast<std::size_t>(k / taps_ - channel) * layout.plane();
      const auto& y = plan_.phase_y(0).taps[static_cast<std::size_t>(k % taps_ / kernel)];
      const auto& x = plan_.phase_x(0).taps[static_cast<std::size_t>(k % taps_ % kernel)];
      offsets.push_back(static_cast<std::ptrdiff_t>(plane) + layout.tap(y, x));
    }
    return offsets;
  }

  /// The strip's d_output as (filter, line, column), columns beyond the grid as 0.
  [[nodiscard]] const T* load_lines(const Strip& strip, std::size_t columns) const {
    const auto grid = static_cast<std::size_t>(plan_.x.grid);
    T* const lines = scratch<T, ScratchUse::gradients>(
        width() * columns * static_cast<std::size_t>(strip.images * strip.rows));
    T* to = lines;
    for (int f = 0; f < width_; ++f) {
      for (int n = 0; n < strip.images; ++n) {
        for (int r = 0; r < strip.rows; ++r, to += columns) {
          std::copy_n(&d_output_(strip.image + n, f, strip.row + r, 0), grid, to);
          std::fill(to + grid, to + columns, T(0));
        }
      }
    }
    return lines;
  }

  /// One panel of the strip's d_output as (line, column, filter), missing filters as 0.
  [[nodiscard]] const T* load_columns(const Strip& strip, int panel) const {
    const int filters = std::min(width_, d_output_.shape().c - panel * width_);
    const auto columns = static_cast<std::size_t>(plan_.x.grid);
    T* const turned = scratch<T, ScratchUse::gradients>(
        columns * width() * static_cast<std::size_t>(strip.images * strip.rows));
    T* to = turned;
    for (int n = 0; n < strip.images; ++n) {
      for (int r = 0; r < strip.rows; ++r, to += columns * width()) {
        if (filters < width_) std::fill_n(to, columns * width(), T(0));
        const T* from = &d_output_(strip.image + n, panel * width_, strip.row + r, 0);
        int f = 0;
        for (; f + 4 <= filters; f += 4) turn<4>(from, f, to);
        for (; f < filters; ++f) turn<1>(from, f, to);
      }
    }
    return turned;
  }

  /// One line of filters f ... f+kFilters-1 of d_output into the columns of `to`.
  template <std::size_t kFilters>
  void turn(const T* from, int f, T* to) const {
    const std::size_t plane = d_output_.shape().plane();
    from += static_cast<std::size_t>(f) * plane;
    to += f;
    for (std::size_t x = 0; x < static_cast<std::size_t>(plan_.x.grid); ++x, to += width()) {
      for (std::size_t k = 0; k < kFilters; ++k) to[k] = from[k * plane + x];
    }
  }

  [[nodiscard]] std::size_t width() const { return static_cast<std::size_t>(width_); }

  const Array& input_;
  const Array& d_output_;
  const TapPlan& plan_;
  Array& d_weight_;
  const ProductShape shape_;
  const int taps_;   // K*K
  const bool thin_;  // fewer filters than lanes: vectors along the columns
  const int width_;  // filters of a panel
  const int block_;  // weights k come in multiples of it
  const Strips strips_;
  int range_ = 1;  // weights k of an item
  int group_ = 1;  // panels of an item
};

}  // namespace asyndgan::kernels::cpu
