// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "asyndgan/kernels/cpu/tile_grid.hpp"

namespace asyndgan::kernels::cpu {

/// Matrices by point: entry (point, row, column) at point * point_step + row * row_step + column.
/// Columns are channels, in blocks of as many as a vector has lanes.
struct PointMatrices {
  float* data;
  std::size_t point_step;
  std::size_t row_step;
};

/// Transformed weights by point: a matrix of `depth` rows, its columns in panels of two vectors
/// (and a last one of one vector where their number is odd), panel after panel.
struct PanelMatrices {
  float* data;
  std::size_t point_step;
  std::size_t depth;
  std::size_t vectors;  // columns
  std::size_t lanes;

  [[nodiscard]] std::size_t panel_width(std::size_t vector) const {
    return (vector / 2 * 2 + 1 < vectors ? 2 : 1) * lanes;
  }
  [[nodiscard]] float* at(std::size_t row, std::size_t vector) const {
    return data + vector / 2 * 2 * lanes * depth + row * panel_width(vector) + vector % 2 * lanes;
  }
};

/// The planes of one block of channels of an image, some of which may not exist.
template <class T>
struct ChannelBlock {
  T* first;
  std::size_t plane;  // from channel to channel
  int count;          // that exist
};

/// What a Toom-Cook convolution is made of, for one instruction set and form. Each works on one row
/// of tiles and one block of channels; `strip` is memory for the lines that the row reads or
/// writes.
struct WinogradOps {
  /// B' x B of each tile, to rows tile, tile + 1, ... from `out` on. Phase after phase lies
  /// `phase_step` columns further.
  void (*input)(const TileGrid&, int tile_row, const ChannelBlock<const float>&, float* strip,
                const PointMatrices& out, std::size_t phase_step);
  /// A' m A of each tile, plus `bias` where it is given.
  void (*output)(const TileGrid&, int tile_row, const PointMatrices& sums, const float* bias,
                 float* strip, const ChannelBlock<float>&);
  /// Their adjoints. The last one adds to what is there.
  void (*d_output)(const TileGrid&, int tile_row, const ChannelBlock<const float>&, float* strip,
                   const PointMatrices& out);
  void (*d_input)(const TileGrid&, int tile_row, const PointMatrices& sums, std::size_t phase_step,
                  float* strip, const ChannelBlock<float>&);

  /// G w G' of the side x side windows w of `count` lanes, each `lane_step` scalars after the one
  /// before. Taps that the form has beyond them are 0. The phases go to further rows and vectors.
  void (*weights)(std::size_t side, const float* window, std::size_t lane_step, int count,
                  const PanelMatrices& out, std::size_t row, std::size_t vector,
                  std::size_t phase_rows, std::size_t phase_vectors);
  /// Its adjoint, added to `d_windows`, which lie one after the other.
  void (*d_weights)(std::size_t side, const PointMatrices& sums, std::size_t phase_step,
                    float* d_windows, int count);
};

/// For the form of 3x3 windows, F(4, 3); of 4x4 windows with stride 2, and of 3x3 ones with a row
/// and a column of zeros, F(4, 2) in four phases; or of 4x4 windows, F(4, 4). Requires one of
/// these.
[[nodiscard]] const WinogradOps& winograd_ops(const TileForm& form);

}  // namespace asyndgan::kernels::cpu
