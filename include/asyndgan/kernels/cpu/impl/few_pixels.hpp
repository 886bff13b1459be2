// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of kernels/cpu/few_pixels.hpp.

#include <algorithm>
#include <cstddef>
#include <vector>

#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/cpu/few_pixels.hpp"
#include "asyndgan/kernels/cpu/matrix_product.hpp"
#include "asyndgan/kernels/cpu/scratch.hpp"

namespace asyndgan::kernels::cpu {

namespace detail {

/// Rows of a matrix are one cache line longer than they need, so that they do not fall into one
/// set.
inline constexpr std::size_t kRowApart = 16;

/// Output pixels of all images as the columns of a matrix, and what each tap of their windows
/// reads.
class PixelColumns {
 public:
  PixelColumns(const ConvGeometry& g, const Shape& input, const Shape& output)
      : input_(input),
        output_(output),
        taps_(static_cast<std::size_t>(g.kernel) * static_cast<std::size_t>(g.kernel)),
        count_(static_cast<std::size_t>(output.n) * output.plane()),
        stride_((count_ + matrix_ops().lanes - 1) / matrix_ops().lanes * matrix_ops().lanes) {
    for (int a = 0; a < g.kernel; ++a) {
      for (int b = 0; b < g.kernel; ++b) {
        for (int n = 0; n < output.n; ++n) {
          for (int i = 0; i < output.h; ++i) {
            const int y = padded_index(i * g.stride + a * g.dilation - g.padding, input.h, g.mode);
            for (int j = 0; j < output.w; ++j) {
              const int x =
                  padded_index(j * g.stride + b * g.dilation - g.padding, input.w, g.mode);
              const std::ptrdiff_t pixel =
                  static_cast<std::ptrdiff_t>(n) * static_cast<std::ptrdiff_t>(input.image()) +
                  static_cast<std::ptrdiff_t>(y) * input.w + x;
              sources_.push_back(y < 0 || x < 0 ? kNone : pixel);
            }
          }
        }
      }
    }
  }

  [[nodiscard]] std::size_t taps() const { return taps_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  /// From row to row of a matrix with the columns: whole vectors.
  [[nodiscard]] std::size_t stride() const { return stride_; }
  [[nodiscard]] std::size_t vectors() const { return stride_ / matrix_ops().lanes; }

  /// Rows channel * taps ... of the windows' matrix.
  void read(const float* input, std::size_t channel, float* rows) const {
    const float* const plane = input + channel * input_.plane();
    for (std::size_t t = 0; t < taps_; ++t) {
      for (std::size_t p = 0; p < count_; ++p) {
        const std::ptrdiff_t from = sources_[t * count_ + p];
        rows[t * stride_ + p] = from == kNone ? 0.0F : plane[from];
      }
      std::fill(rows + t * stride_ + count_, rows + (t + 1) * stride_, 0.0F);
    }
  }
  /// The same, transposed: columns channel * taps ... of one row a pixel.
  void read_transposed(const float* input, std::size_t channel, float* columns,
                       std::size_t row) const {
    const float* const plane = input + channel * input_.plane();
    for (std::size_t p = 0; p < count_; ++p) {
      for (std::size_t t = 0; t < taps_; ++t) {
        const std::ptrdiff_t from = sources_[t * count_ + p];
        columns[p * row + t] = from == kNone ? 0.0F : plane[from];
      }
    }
  }
  /// The adjoint of read().
  void add(const float* rows, std::size_t channel, float* input) const {
    float* const plane = input + channel * input_.plane();
    for (std::size_t t = 0; t < taps_; ++t) {
      for (std::size_t p = 0; p < count_; ++p) {
        const std::ptrdiff_t to = sources_[t * count_ + p];
        if (to != kNone) plane[to] += rows[t * stride_ + p];
      }
    }
  }

  /// One filter's pixels of all images, in the order of the columns.
  void read_filter(const float* output, std::size_t filter, float* row) const {
    for (std::size_t n = 0; n < static_cast<std::size_t>(output_.n); ++n) {
      std::copy_n(output + n * output_.image() + filter * output_.plane(), output_.plane(),
                  row + n * output_.plane());
    }
    std::fill(row + count_, row + stride_, 0.0F);
  }
  void write_filter(const float* row, float bias, std::size_t filter, float* output) const {
    for (std::size_t n = 0; n < static_cast<std::size_t>(output_.n); ++n) {
      float* const plane = output + n * output_.image() + filter * output_.plane();
      for (std::size_t i = 0; i < output_.plane(); ++i) {
        plane[i] = row[n * output_.plane() + i] + bias;
      }
    }
  }

 private:
  static constexpr std::ptrdiff_t kNone = -1;

  Shape input_;
  Shape output_;
  std::size_t taps_;
  std::size_t count_;
  std::size_t stride_;
  std::vector<std::ptrdiff_t> sources_;  // (tap, pixel): element of the image's first plane
};

inline constexpr std::size_t kFiltersAtOnce = 24;

}  // namespace detail

ASYNDGAN_INLINE bool FewPixelsConv2d::pays(const ConvGeometry& g, const Shape& input,
                                           const Shape& output) {
  // Where the two took about the same time, for the sizes of the U-Nets' layers.
  constexpr std::size_t kMostPixels = 256;
  constexpr std::size_t kMostPixelsApart = 4096;
  constexpr int kFewestChannels = 32;
  constexpr int kFewestChannelsApart = 16;
  const bool apart = g.kernel == g.stride && g.kernel > 1 && g.dilation == 1;
  const std::size_t most_pixels = apart ? kMostPixelsApart : kMostPixels;
  const int fewest = apart ? kFewestChannelsApart : kFewestChannels;
  const std::size_t window =
      static_cast<std::size_t>(input.c) * static_cast<std::size_t>(g.kernel * g.kernel);
  // backward_weight writes whole vectors of a filter's weights.
  return static_cast<std::size_t>(output.n) * output.plane() <= most_pixels && input.c >= fewest &&
         output.c >= fewest && window % matrix_ops().lanes == 0;
}

ASYNDGAN_INLINE void FewPixelsConv2d::forward(const Array& input, const Array& weight,
                                              const Array& bias, const ConvGeometry& g,
                                              Array& output) {
  const detail::PixelColumns columns(g, input.shape(), output.shape());
  const std::size_t window = weight.shape().image();
  const std::size_t stride = columns.stride();
  float* const windows = scratch<float, ScratchUse::source>(window * stride);
  parallel_for(static_cast<std::size_t>(input.shape().c), [&](std::size_t c) {
    columns.read(input.data(), c, windows + c * columns.taps() * stride);
  });
  const auto filters = static_cast<std::size_t>(output.shape().c);
  parallel_blocks(filters, detail::kFiltersAtOnce, [&](std::size_t begin, std::size_t end) {
    float* const sums = scratch<float, ScratchUse::sums>((end - begin) * stride);
    matrix_ops().multiply({.left = weight.data() + begin * window,
                           .left_row = window,
                           .left_depth = 1,
                           .right = windows,
                           .right_row = stride,
                           .right_panel = 2 * matrix_ops().lanes,
                           .sums = sums,
                           .sums_row = stride,
                           .rows = end - begin,
                           .depth = window,
                           .vectors = columns.vectors(),
                           .accumulate = false});
    for (std::size_t f = begin; f < end; ++f) {
      columns.write_filter(sums + (f - begin) * stride, bias.empty() ? 0.0F : bias.data()[f], f,
                           output.data());
    }
  });
}

ASYNDGAN_INLINE void FewPixelsConv2d::backward_input(const Array& d_output, const Array& weight,
                                                     const Array& bias, const ConvGeometry& g,
                                                     Array& d_input) {
  const detail::PixelColumns columns(g, d_input.shape(), d_output.shape());
  const Shape& shape = d_input.shape();
  const std::size_t window = weight.shape().image();
  const std::size_t stride = columns.stride();
  const auto filters = static_cast<std::size_t>(d_output.shape().c);
  float* const outputs = scratch<float, ScratchUse::gradients>(filters * stride);
  parallel_for(filters, [&](std::size_t f) {
    columns.read_filter(d_output.data(), f, outputs + f * stride);
  });
  constexpr std::size_t kChannels = 4;  // whose weights of all filters stay in the cache
  parallel_blocks(static_cast<std::size_t>(shape.c), kChannels,
                  [&](std::size_t begin, std::size_t end) {
                    const std::size_t rows = (end - begin) * columns.taps();
                    float* const weights = scratch<float, ScratchUse::weights>(filters * rows);
                    for (std::size_t f = 0; f < filters; ++f) {
                      std::copy_n(weight.data() + f * window + begin * columns.taps(), rows,
                                  weights + f * rows);
                    }
                    float* const sums = scratch<float, ScratchUse::sums>(rows * stride);
                    matrix_ops().multiply({.left = weights,
                                           .left_row = 1,
                                           .left_depth = rows,
                                           .right = outputs,
                                           .right_row = stride,
                                           .right_panel = 2 * matrix_ops().lanes,
                                           .sums = sums,
                                           .sums_row = stride,
                                           .rows = rows,
                                           .depth = filters,
                                           .vectors = columns.vectors(),
                                           .accumulate = false});
                    for (std::size_t c = begin; c < end; ++c) {
                      for (std::size_t n = 0; n < static_cast<std::size_t>(shape.n); ++n) {
                        std::fill_n(d_input.data() + n * shape.image() + c * shape.plane(),
                                    shape.plane(), bias.empty() ? 0.0F : bias.data()[c]);
                      }
                      columns.add(sums + (c - begin) * columns.taps() * stride, c, d_input.data());
                    }
                  });
}

ASYNDGAN_INLINE void FewPixelsConv2d::backward_weight(const Array& input, const Array& d_output,
                                                      const ConvGeometry& g, Array& d_weight) {
  const detail::PixelColumns columns(g, input.shape(), d_output.shape());
  const std::size_t window = d_weight.shape().image();
  const std::size_t row = window + detail::kRowApart;
  float* const windows = scratch<float, ScratchUse::source>(columns.count() * row);
  parallel_for(static_cast<std::size_t>(input.shape().c), [&](std::size_t c) {
    columns.read_transposed(input.data(), c, windows + c * columns.taps(), row);
  });
  const auto filters = static_cast<std::size_t>(d_output.shape().c);
  const std::size_t stride = columns.stride();
  parallel_blocks(filters, detail::kFiltersAtOnce, [&](std::size_t begin, std::size_t end) {
    float* const outputs = scratch<float, ScratchUse::gradients>((end - begin) * stride);
    for (std::size_t f = begin; f < end; ++f) {
      columns.read_filter(d_output.data(), f, outputs + (f - begin) * stride);
    }
    matrix_ops().multiply({.left = outputs,
                           .left_row = stride,
                           .left_depth = 1,
                           .right = windows,
                           .right_row = row,
                           .right_panel = 2 * matrix_ops().lanes,
                           .sums = d_weight.data() + begin * window,
                           .sums_row = window,
                           .rows = end - begin,
                           .depth = columns.count(),
                           .vectors = window / matrix_ops().lanes,
                           .accumulate = true});
  });
}

}  // namespace asyndgan::kernels::cpu
