// SPDX-License-Identifier: Apache-2.0
// No include guard: src/compiled/winograd.cpp includes this file once per instruction set.

#include <hwy/highway.h>
#include <algorithm>
#include <cstddef>
#include <iterator>

#include "asyndgan/kernels/cpu/toom_cook-inl.hpp"
#include "asyndgan/kernels/cpu/winograd_ops.hpp"

HWY_BEFORE_NAMESPACE();
namespace asyndgan::kernels::cpu::HWY_NAMESPACE {

// Everything below has one channel in each lane of a vector.

// Between planes of channels and lines of pixels with a channel in each lane.

/// to[j * to_step + i] = from[i * from_step + j], for i, j < 4.
HWY_INLINE void transpose4(const float* from, std::size_t from_step, float* to,
                           std::size_t to_step) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) to[j * to_step + i] = from[i * from_step + j];
  }
#else
  const hn::FixedTag<float, 4> d;
  const auto a = hn::LoadU(d, from);
  const auto b = hn::LoadU(d, from + from_step);
  const auto c = hn::LoadU(d, from + 2 * from_step);
  const auto e = hn::LoadU(d, from + 3 * from_step);
  const auto ab0 = hn::InterleaveLower(d, a, b);
  const auto ab2 = hn::InterleaveUpper(d, a, b);
  const auto ce0 = hn::InterleaveLower(d, c, e);
  const auto ce2 = hn::InterleaveUpper(d, c, e);
  hn::StoreU(hn::ConcatLowerLower(d, ce0, ab0), d, to);
  hn::StoreU(hn::ConcatUpperUpper(d, ce0, ab0), d, to + to_step);
  hn::StoreU(hn::ConcatLowerLower(d, ce2, ab2), d, to + 2 * to_step);
  hn::StoreU(hn::ConcatUpperUpper(d, ce2, ab2), d, to + 3 * to_step);
#endif
}

/// A line of `columns` pixels of each plane that exists; lanes of the others are left alone.
inline void load_line(const ChannelBlock<const float>& block, std::size_t offset,
                      std::size_t columns, float* HWY_RESTRICT line) {
  const float* from = block.first + offset;
  const auto count = static_cast<std::size_t>(block.count);
  std::size_t c = 0;
  for (; kWidth >= 4 && c + 4 <= count; c += 4) {
    const float* HWY_RESTRICT planes = from + c * block.plane;
    std::size_t x = 0;
    for (; x + 4 <= columns; x += 4) {
      transpose4(planes + x, block.plane, line + x * kWidth + c, kWidth);
    }
    for (; x < columns; ++x) {
      for (std::size_t k = 0; k < 4; ++k) line[x * kWidth + c + k] = planes[k * block.plane + x];
    }
  }
  for (; c < count; ++c) {
    for (std::size_t x = 0; x < columns; ++x) line[x * kWidth + c] = from[c * block.plane + x];
  }
}

inline void store_line(const float* HWY_RESTRICT line, std::size_t columns, std::size_t offset,
                       const ChannelBlock<float>& block) {
  float* to = block.first + offset;
  const auto count = static_cast<std::size_t>(block.count);
  std::size_t c = 0;
  for (; kWidth >= 4 && c + 4 <= count; c += 4) {
    float* HWY_RESTRICT planes = to + c * block.plane;
    std::size_t x = 0;
    for (; x + 4 <= columns; x += 4) {
      transpose4(line + x * kWidth + c, kWidth, planes + x, block.plane);
    }
    for (; x < columns; ++x) {
      for (std::size_t k = 0; k < 4; ++k) planes[k * block.plane + x] = line[x * kWidth + c + k];
    }
  }
  for (; c < count; ++c) {
    for (std::size_t x = 0; x < columns; ++x) to[c * block.plane + x] = line[x * kWidth + c];
  }
}

HWY_INLINE void zero(float* values, std::size_t count) { std::fill_n(values, count, 0.0F); }

/// The padded line that reads row `source` of the image, -1 for none.
inline void load_padded_line(const TileGrid& grid, const ChannelBlock<const float>& block,
                             int source, float* HWY_RESTRICT line) {
  const std::size_t columns = grid.source_columns.size();
  const bool partial = static_cast<std::size_t>(block.count) < kWidth;
  if (source < 0 || partial) zero(line, columns * kWidth);
  if (source < 0) return;
  const std::size_t row = static_cast<std::size_t>(source) * static_cast<std::size_t>(grid.input.w);
  load_line(block, row, grid.run_length, line + grid.run * kWidth);
  for (std::size_t x = 0; x < columns; ++x) {
    if (x == grid.run) x += grid.run_length;
    if (x == columns) break;
    if (grid.source_columns[x] < 0) {
      zero(line + x * kWidth, kWidth);
    } else {
      load_line(block, row + static_cast<std::size_t>(grid.source_columns[x]), 1,
                line + x * kWidth);
    }
  }
}

/// Its adjoint: adds the line to that row.
inline void add_padded_line(const TileGrid& grid, float* HWY_RESTRICT line, int source,
                            float* HWY_RESTRICT spare, const ChannelBlock<float>& block) {
  if (source < 0) return;
  const std::size_t columns = grid.source_columns.size();
  float* HWY_RESTRICT run = line + grid.run * kWidth;
  for (std::size_t x = 0; x < columns; ++x) {
    if (x == grid.run) x += grid.run_length;
    if (x == columns) break;
    if (grid.source_columns[x] < 0) continue;
    float* at = run + static_cast<std::size_t>(grid.source_columns[x]) * kWidth;
    hn::Store(hn::Add(hn::Load(kVector, at), hn::Load(kVector, line + x * kWidth)), kVector, at);
  }
  const std::size_t row = static_cast<std::size_t>(source) * static_cast<std::size_t>(grid.input.w);
  load_line({block.first, block.plane, block.count}, row, grid.run_length, spare);
  for (std::size_t x = 0; x < grid.run_length * kWidth; x += kWidth) {
    hn::Store(hn::Add(hn::Load(kVector, spare + x), hn::Load(kVector, run + x)), kVector, run + x);
  }
  store_line(run, grid.run_length, row, block);
}

// Rows of tiles.

template <std::size_t M, std::size_t R, std::size_t S>
struct Form {
  static constexpr std::size_t kSide = M + R - 1;
  static constexpr std::size_t kPoints = kSide * kSide;

  static void input(const TileGrid& grid, int tile_row, const ChannelBlock<const float>& block,
                    float* strip, const PointMatrices& out, std::size_t phase_step) {
    const std::size_t line = grid.source_columns.size() * kWidth;
    const auto first = static_cast<std::size_t>(tile_row) * S * M;
    for (std::size_t y = 0; y < S * kSide; ++y) {
      load_padded_line(grid, block, grid.source_rows[first + y], strip + y * line);
    }
    for (std::size_t tile = 0; tile < static_cast<std::size_t>(grid.columns); ++tile) {
      for (std::size_t phase = 0; phase < S * S; ++phase) {
        const float* from = strip + phase / S * line + (tile * S * M + phase % S) * kWidth;
        Vector pixels[kPoints], points[kPoints];
        for (std::size_t a = 0; a < kSide; ++a) {
          for (std::size_t b = 0; b < kSide; ++b) {
            pixels[a * kSide + b] = hn::Load(kVector, from + a * S * line + b * S * kWidth);
          }
        }
        transform<InputTransform<M, R>>(pixels, points);
        float* to = out.data + tile * out.row_step + phase * phase_step;
        for (std::size_t p = 0; p < kPoints; ++p) {
          hn::Store(points[p], kVector, to + p * out.point_step);
        }
      }
    }
  }

  static void d_input(const TileGrid& grid, int tile_row, const PointMatrices& sums,
                      std::size_t phase_step, float* strip, const ChannelBlock<float>& block) {
    const std::size_t line = grid.source_columns.size() * kWidth;
    zero(strip, S * kSide * line);
    for (std::size_t tile = 0; tile < static_cast<std::size_t>(grid.columns); ++tile) {
      for (std::size_t phase = 0; phase < S * S; ++phase) {
        const float* from = sums.data + tile * sums.row_step + phase * phase_step;
        Vector points[kPoints], pixels[kPoints];
        for (std::size_t p = 0; p < kPoints; ++p) {
          points[p] = hn::Load(kVector, from + p * sums.point_step);
        }
        transform<Adjoint<InputTransform<M, R>>>(points, pixels);
        float* to = strip + phase / S * line + (tile * S * M + phase % S) * kWidth;
        for (std::size_t a = 0; a < kSide; ++a) {
          for (std::size_t b = 0; b < kSide; ++b) {
            float* at = to + a * S * line + b * S * kWidth;
            hn::Store(hn::Add(hn::Load(kVector, at), pixels[a * kSide + b]), kVector, at);
          }
        }
      }
    }
    const auto first = static_cast<std::size_t>(tile_row) * S * M;
    for (std::size_t y = 0; y < S * kSide; ++y) {
      add_padded_line(grid, strip + y * line, grid.source_rows[first + y], strip + S * kSide * line,
                      block);
    }
  }

  static void output(const TileGrid& grid, int tile_row, const PointMatrices& sums,
                     const float* bias, float* strip, const ChannelBlock<float>& block) {
    const std::size_t line = static_cast<std::size_t>(grid.output_columns()) * kWidth;
    HWY_ALIGN float biases[kWidth] = {};
    if (bias) std::copy_n(bias, block.count, biases);
    const Vector start = hn::Load(kVector, biases);
    for (std::size_t tile = 0; tile < static_cast<std::size_t>(grid.columns); ++tile) {
      const float* from = sums.data + tile * sums.row_step;
      Vector points[kPoints], pixels[M * M];
      for (std::size_t p = 0; p < kPoints; ++p) {
        points[p] = hn::Load(kVector, from + p * sums.point_step);
      }
      transform<OutputTransform<M, R>>(points, pixels);
      float* to = strip + tile * M * kWidth;
      for (std::size_t a = 0; a < M; ++a) {
        for (std::size_t b = 0; b < M; ++b) {
          hn::Store(hn::Add(pixels[a * M + b], start), kVector, to + a * line + b * kWidth);
        }
      }
    }
    const auto width = static_cast<std::size_t>(grid.output.w);
    for (std::size_t y = 0; y < output_lines(grid, tile_row); ++y) {
      store_line(strip + y * line, width, output_line(tile_row, y) * width, block);
    }
  }

  static void d_output(const TileGrid& grid, int tile_row, const ChannelBlock<const float>& block,
                       float* strip, const PointMatrices& out) {
    const std::size_t line = static_cast<std::size_t>(grid.output_columns()) * kWidth;
    zero(strip, M * line);
    const auto width = static_cast<std::size_t>(grid.output.w);
    for (std::size_t y = 0; y < output_lines(grid, tile_row); ++y) {
      load_line(block, output_line(tile_row, y) * width, width, strip + y * line);
    }
    for (std::size_t tile = 0; tile < static_cast<std::size_t>(grid.columns); ++tile) {
      const float* from = strip + tile * M * kWidth;
      Vector pixels[M * M], points[kPoints];
      for (std::size_t a = 0; a < M; ++a) {
        for (std::size_t b = 0; b < M; ++b) {
          pixels[a * M + b] = hn::Load(kVector, from + a * line + b * kWidth);
        }
      }
      transform<Adjoint<OutputTransform<M, R>>>(pixels, points);
      float* to = out.data + tile * out.row_step;
      for (std::size_t p = 0; p < kPoints; ++p) {
        hn::Store(points[p], kVector, to + p * out.point_step);
      }
    }
  }

  static void weights(std::size_t side, const float* window, std::size_t lane_step, int count,
                      const PanelMatrices& out, std::size_t row, std::size_t vector,
                      std::size_t phase_rows, std::size_t phase_vectors) {
    constexpr std::size_t kWindow = S * R;
    HWY_ALIGN float lanes[kWindow * kWindow * kWidth];
    if (static_cast<std::size_t>(count) < kWidth || side < kWindow) zero(lanes, std::size(lanes));
    const ChannelBlock<const float> windows{window, lane_step, count};
    if (side == kWindow) {
      load_line(windows, 0, side * side, lanes);
    } else {
      for (std::size_t a = 0; a < side; ++a) {
        load_line(windows, a * side, side, lanes + a * kWindow * kWidth);
      }
    }
    for (std::size_t phase = 0; phase < S * S; ++phase) {
      Vector taps[R * R], points[kPoints];
      for (std::size_t a = 0; a < R; ++a) {
        for (std::size_t b = 0; b < R; ++b) {
          const std::size_t tap = (a * S + phase / S) * kWindow + b * S + phase % S;
          taps[a * R + b] = hn::Load(kVector, lanes + tap * kWidth);
        }
      }
      transform<TapTransform<M, R>>(taps, points);
      float* to = out.at(row + phase * phase_rows, vector + phase * phase_vectors);
      for (std::size_t p = 0; p < kPoints; ++p) {
        hn::Store(points[p], kVector, to + p * out.point_step);
      }
    }
  }

  static void d_weights(std::size_t side, const PointMatrices& sums, std::size_t phase_step,
                        float* d_windows, int count) {
    constexpr std::size_t kWindow = S * R;
    HWY_ALIGN float lanes[kWindow * kWindow * kWidth];
    for (std::size_t phase = 0; phase < S * S; ++phase) {
      Vector points[kPoints], taps[R * R];
      for (std::size_t p = 0; p < kPoints; ++p) {
        points[p] = hn::Load(kVector, sums.data + p * sums.point_step + phase * phase_step);
      }
      transform<Adjoint<TapTransform<M, R>>>(points, taps);
      for (std::size_t a = 0; a < R; ++a) {
        for (std::size_t b = 0; b < R; ++b) {
          const std::size_t tap = (a * S + phase / S) * kWindow + b * S + phase % S;
          hn::Store(taps[a * R + b], kVector, lanes + tap * kWidth);
        }
      }
    }
    float windows[kWindow * kWindow * kWidth];
    const ChannelBlock<float> block{windows, side * side, count};
    if (side == kWindow) {
      store_line(lanes, side * side, 0, block);
    } else {
      for (std::size_t a = 0; a < side; ++a) {
        store_line(lanes + a * kWindow * kWidth, side, a * side, block);
      }
    }
    const std::size_t all = static_cast<std::size_t>(count) * side * side;
    for (std::size_t i = 0; i < all; ++i) d_windows[i] += windows[i];
  }

 private:
  /// Those of a row of tiles that the output has.
  static std::size_t output_lines(const TileGrid& grid, int tile_row) {
    return std::min(M, static_cast<std::size_t>(grid.output.h) - output_line(tile_row, 0));
  }
  static std::size_t output_line(int tile_row, std::size_t y) {
    return static_cast<std::size_t>(tile_row) * M + y;
  }
};

template <std::size_t M, std::size_t R, std::size_t S>
const WinogradOps& ops_of_form() {
  using F = Form<M, R, S>;
  static constexpr WinogradOps kOps{F::input,   F::output,  F::d_output,
                                    F::d_input, F::weights, F::d_weights};
  return kOps;
}

inline const WinogradOps* ops_of(const TileForm& form) {
  if (form.stride == 2) return &ops_of_form<4, 2, 2>();
  return form.taps == 4 ? &ops_of_form<4, 4, 1>() : &ops_of_form<4, 3, 1>();
}

}  // namespace asyndgan::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
