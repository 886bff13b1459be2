// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>

namespace asyndgan::kernels::cpu {

/// Register blocking of the instruction set in use.
struct ProductShape {
  int lanes;     // scalars in a vector
  int max_rows;  // rows of the largest block, each of two vectors: 6 with 16 registers, 12 with 32

  /// Vectors in each row of a block of `rows` rows: as many as the accumulators allow.
  [[nodiscard]] int vectors(int rows) const { return std::clamp(2 * max_rows / rows, 2, 4); }
};

/// Rows 0 ... rows-1 in panels of nearly equal height, at most max_rows: 32 rows are 6 6 5 5 5 5,
/// not five sixes and a block of 2 that would leave the multipliers idle.
struct Panels {
  int rows = 0;
  int count = 0;

  Panels() = default;
  Panels(int rows_, int max_rows) : rows(rows_), count((rows_ + max_rows - 1) / max_rows) {}

  [[nodiscard]] int begin(int panel) const {
    return panel * (rows / count) + std::min(panel, rows % count);
  }
  [[nodiscard]] int height(int panel) const { return begin(panel + 1) - begin(panel); }
};

/// A matrix product whose right-hand matrix is never formed:
///
///   sums[m][tile] (+)= sum over channels c and taps t of
///       weights[m, c, t] * source[c*plane + taps[t] + tile_offsets[tile] + 0 ... width-1]
///
/// The matrix im2col would write is a set of shifted views of `source`, and the micro-kernel loads
/// from the views.
///
/// Shapes    weights: for each panel of [begin, end) in turn (channels, taps, height(panel));
///           sums: one row of `sums_stride` per row of those panels, tile after tile.
/// Requires  `width` = vectors * lanes readable scalars at each view.
template <class T>
struct PixelProduct {
  Panels panels;
  int panel_begin;
  int panel_end;
  const T* weights;

  const T* source;
  std::size_t plane;
  int channels;
  const std::ptrdiff_t* taps;
  int tap_count;
  const std::ptrdiff_t* tile_offsets;
  int tile_count;
  int vectors;  // per tile and row: ProductShape::vectors(height of the largest panel)

  T* sums;
  std::size_t sums_stride;
  bool accumulate;  // add to sums; else overwrite
};

/// Its counterpart with the sum over pixels, for the gradient of the weights:
///
///   sums[k][0 ... width-1] += sum over lines l and columns x of
///       d_output[l][x][0 ... width-1] * source[line_offsets[l] + row_offsets[k] + x]
///
/// Requires  `rows` is a multiple of ProductShape::max_rows; d_output and sums are aligned.
template <class T>
struct WeightProduct {
  const T* d_output;  // (lines, columns, width): filters innermost, width = 2 * lanes
  int lines;
  int columns;

  const T* source;
  const std::ptrdiff_t* line_offsets;
  const std::ptrdiff_t* row_offsets;
  int rows;

  T* sums;  // (rows, width)
};

/// The same sum for fewer filters than a vector has lanes, by vectors along the columns:
///
///   sums[f][k] += sum over l and x of
///       d_output[f][l][x] * source[line_offsets[l] + row_offsets[k] + x]
///
/// Requires  `columns` is a multiple of lanes, `rows` of kDotRows; all of `source` that the columns
///           reach is finite, for d_output is 0 there.
template <class T>
struct DotProduct {
  const T* d_output;  // (filters, lines, columns)
  int filters;
  int lines;
  int columns;

  const T* source;
  const std::ptrdiff_t* line_offsets;
  const std::ptrdiff_t* row_offsets;
  int rows;

  T* sums;  // (filters, rows)
};

/// A multiple of 8, 6, 4 and 3: the rows of a block for 1, 2, 3 and 4 filters.
inline constexpr int kDotRows = 24;

}  // namespace asyndgan::kernels::cpu
