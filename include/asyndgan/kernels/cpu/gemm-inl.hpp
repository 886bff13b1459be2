// SPDX-License-Identifier: Apache-2.0
// No include guard: src/compiled/gemm.cpp includes this file once per instruction set.

#include <hwy/highway.h>
#include <cstddef>

#include "asyndgan/kernels/cpu/product.hpp"

HWY_BEFORE_NAMESPACE();
namespace asyndgan::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// 12 accumulators of 16 vector registers or 24 of 32, beside two vectors of the right-hand matrix
/// and one broadcast. More rows would spill, fewer wait for loads.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_ARCH_ARM_A64
constexpr std::size_t kMaxRows = 12;
#else
constexpr std::size_t kMaxRows = 6;
#endif

template <class T>
ProductShape shape_of() {
  return {static_cast<int>(hn::Lanes(hn::ScalableTag<T>())), static_cast<int>(kMaxRows)};
}

/// One panel of rows times one tile: the accumulators live in registers over channels and taps, and
/// meet earlier sums at the end, which keeps the rounding error that of a sum of a few hundred.
/// Broadcasts are loads (Set of a scalar in memory), which cost no shuffle.
template <std::size_t kRows, std::size_t kVectors, class T>
HWY_NOINLINE void pixel_block(const PixelProduct<T>& p, const T* HWY_RESTRICT weights,
                              const T* HWY_RESTRICT source, T* HWY_RESTRICT sums) {
  const hn::ScalableTag<T> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  hn::Vec<decltype(d)> sum[kRows][kVectors];
  HWY_UNROLL(16) for (std::size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(4) for (std::size_t v = 0; v < kVectors; ++v) sum[r][v] = hn::Zero(d);
  }
  for (int c = 0; c < p.channels; ++c, source += p.plane) {
    for (int t = 0; t < p.tap_count; ++t, weights += kRows) {
      const T* HWY_RESTRICT view = source + p.taps[t];
      hn::Vec<decltype(d)> pixels[kVectors];
      HWY_UNROLL(4)
      for (std::size_t v = 0; v < kVectors; ++v) pixels[v] = hn::LoadU(d, view + v * kLanes);
      HWY_UNROLL(16) for (std::size_t r = 0; r < kRows; ++r) {
        const auto weight = hn::Set(d, weights[r]);
        HWY_UNROLL(4)
        for (std::size_t v = 0; v < kVectors; ++v)
          sum[r][v] = hn::MulAdd(weight, pixels[v], sum[r][v]);
      }
    }
  }
  HWY_UNROLL(16) for (std::size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(4) for (std::size_t v = 0; v < kVectors; ++v) {
      T* at = sums + r * p.sums_stride + v * kLanes;
      hn::StoreU(p.accumulate ? hn::Add(hn::LoadU(d, at), sum[r][v]) : sum[r][v], d, at);
    }
  }
}

template <std::size_t kVectors, std::size_t kRows, class T>
void pixel_block_of(int rows, const PixelProduct<T>& p, const T* weights, const T* source,
                    T* sums) {
  if (rows == static_cast<int>(kRows)) {
    pixel_block<kRows, kVectors>(p, weights, source, sums);
  } else if constexpr (kRows > 1) {
    pixel_block_of<kVectors, kRows - 1>(rows, p, weights, source, sums);
  }
}

/// Tiles outside, panels inside: a tile's part of `source` stays in L1 while the packed weights
/// stream past it in order.
template <std::size_t kVectors, class T>
void multiply_tiles(const PixelProduct<T>& p) {
  constexpr std::size_t kMost = 2 * kMaxRows / kVectors;
  constexpr std::size_t kWidth = kVectors * hn::MaxLanes(hn::ScalableTag<T>());
  const std::size_t depth =
      static_cast<std::size_t>(p.channels) * static_cast<std::size_t>(p.tap_count);
  for (int tile = 0; tile < p.tile_count; ++tile) {
    const T* weights = p.weights;
    T* sums = p.sums + static_cast<std::size_t>(tile) * kWidth;
    for (int panel = p.panel_begin; panel < p.panel_end; ++panel) {
      const int rows = p.panels.height(panel);
      pixel_block_of<kVectors, kMost>(rows, p, weights, p.source + p.tile_offsets[tile], sums);
      weights += depth * static_cast<std::size_t>(rows);
      sums += p.sums_stride * static_cast<std::size_t>(rows);
    }
  }
}

template <class T>
void multiply_pixels(const PixelProduct<T>& p) {
  if (p.vectors == 2) multiply_tiles<2>(p);
  if (p.vectors == 3) multiply_tiles<3>(p);
  if (p.vectors == 4) multiply_tiles<4>(p);
}

template <std::size_t kRows, class T>
HWY_NOINLINE void weight_block(const WeightProduct<T>& p, const std::ptrdiff_t* row_offsets,
                               T* HWY_RESTRICT sums) {
  const hn::ScalableTag<T> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  hn::Vec<decltype(d)> sum[kRows][2];
  HWY_UNROLL(16) for (std::size_t r = 0; r < kRows; ++r) sum[r][0] = sum[r][1] = hn::Zero(d);
  const T* HWY_RESTRICT d_output = p.d_output;
  for (int line = 0; line < p.lines; ++line) {
    const T* HWY_RESTRICT rows[kRows];
    HWY_UNROLL(16)
    for (std::size_t r = 0; r < kRows; ++r) {
      rows[r] = p.source + p.line_offsets[line] + row_offsets[r];
    }
    for (int x = 0; x < p.columns; ++x, d_output += 2 * kLanes) {
      const auto low = hn::Load(d, d_output);
      const auto high = hn::Load(d, d_output + kLanes);
      HWY_UNROLL(16) for (std::size_t r = 0; r < kRows; ++r) {
        const auto pixel = hn::Set(d, rows[r][x]);
        sum[r][0] = hn::MulAdd(pixel, low, sum[r][0]);
        sum[r][1] = hn::MulAdd(pixel, high, sum[r][1]);
      }
    }
  }
  HWY_UNROLL(16) for (std::size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(2) for (std::size_t v = 0; v < 2; ++v) {
      T* at = sums + (2 * r + v) * kLanes;
      hn::Store(hn::Add(hn::Load(d, at), sum[r][v]), d, at);
    }
  }
}

template <class T>
void multiply_weights(const WeightProduct<T>& p) {
  constexpr std::size_t kWidth = 2 * hn::MaxLanes(hn::ScalableTag<T>());
  for (std::size_t row = 0; row < static_cast<std::size_t>(p.rows); row += kMaxRows) {
    weight_block<kMaxRows>(p, p.row_offsets + row, p.sums + row * kWidth);
  }
}

/// Filters f ... f+kFilters-1 with weights k ... k+kRows-1.
template <std::size_t kFilters, std::size_t kRows, class T>
HWY_NOINLINE void dot_block(const DotProduct<T>& p, std::size_t f, std::size_t k) {
  const hn::ScalableTag<T> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  const auto columns = static_cast<std::size_t>(p.columns);
  const std::size_t filter = static_cast<std::size_t>(p.lines) * columns;
  hn::Vec<decltype(d)> sum[kFilters][kRows];
  HWY_UNROLL(4) for (std::size_t i = 0; i < kFilters; ++i) {
    HWY_UNROLL(8) for (std::size_t r = 0; r < kRows; ++r) sum[i][r] = hn::Zero(d);
  }
  const T* HWY_RESTRICT d_output = p.d_output + f * filter;
  for (int line = 0; line < p.lines; ++line, d_output += columns) {
    const T* HWY_RESTRICT source = p.source + p.line_offsets[line];
    for (std::size_t x = 0; x < columns; x += kLanes) {
      hn::Vec<decltype(d)> gradient[kFilters];
      HWY_UNROLL(4)
      for (std::size_t i = 0; i < kFilters; ++i) {
        gradient[i] = hn::LoadU(d, d_output + i * filter + x);
      }
      HWY_UNROLL(8) for (std::size_t r = 0; r < kRows; ++r) {
        const auto pixels = hn::LoadU(d, source + p.row_offsets[k + r] + x);
        HWY_UNROLL(4)
        for (std::size_t i = 0; i < kFilters; ++i) {
          sum[i][r] = hn::MulAdd(gradient[i], pixels, sum[i][r]);
        }
      }
    }
  }
  for (std::size_t i = 0; i < kFilters; ++i) {
    T* at = p.sums + (f + i) * static_cast<std::size_t>(p.rows) + k;
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kRows; ++r) at[r] += hn::GetLane(hn::SumOfLanes(d, sum[i][r]));
  }
}

template <std::size_t kFilters, std::size_t kRows, class T>
void dot_rows(const DotProduct<T>& p, std::size_t f) {
  for (std::size_t k = 0; k < static_cast<std::size_t>(p.rows); k += kRows) {
    dot_block<kFilters, kRows>(p, f, k);
  }
}

/// Blocks of as many accumulators as 16 registers hold: 8, 12, 12 and 12.
template <class T>
void multiply_dots(const DotProduct<T>& p) {
  const auto filters = static_cast<std::size_t>(p.filters);
  std::size_t f = 0;
  for (; f + 4 <= filters; f += 4) dot_rows<4, 3>(p, f);
  if (filters - f == 3) dot_rows<3, 4>(p, f);
  if (filters - f == 2) dot_rows<2, 6>(p, f);
  if (filters - f == 1) dot_rows<1, 8>(p, f);
}

// Plain functions, which HWY_EXPORT can name.
inline ProductShape shape_float() { return shape_of<float>(); }
inline ProductShape shape_double() { return shape_of<double>(); }
inline void pixels_float(const PixelProduct<float>& p) { multiply_pixels(p); }
inline void pixels_double(const PixelProduct<double>& p) { multiply_pixels(p); }
inline void weights_float(const WeightProduct<float>& p) { multiply_weights(p); }
inline void weights_double(const WeightProduct<double>& p) { multiply_weights(p); }
inline void dots_float(const DotProduct<float>& p) { multiply_dots(p); }
inline void dots_double(const DotProduct<double>& p) { multiply_dots(p); }

}  // namespace asyndgan::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
