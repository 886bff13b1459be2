// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "asyndgan/core/shape.hpp"
#include "asyndgan/kernels/conv_geometry.hpp"

namespace asyndgan::kernels::cpu {

/// A Toom-Cook algorithm for windows of `taps` * `stride` taps a side: the window is taken apart
/// into stride x stride phases of `taps` x `taps`, whose products add up before the one output
/// transform of the tile.
struct TileForm {
  int outputs = 0;  // of a tile, a side
  int taps = 0;     // of a phase, a side
  int stride = 1;   // phases a side

  [[nodiscard]] int side() const { return outputs + taps - 1; }
  [[nodiscard]] int points() const { return side() * side(); }
  [[nodiscard]] int phases() const { return stride * stride; }
};

/// How the tiles of a form cover a convolution's outputs, and which input pixels they read.
struct TileGrid {
  TileForm form;
  Shape input;   // (N, C, H, W)
  Shape output;  // (N, F, H', W')
  int rows;      // tiles of one image
  int columns;
  /// The input row that each padded row of the tiles reads, or -1 for none; columns likewise.
  std::vector<int> source_rows;
  std::vector<int> source_columns;
  /// The padded columns from `run` on read columns 0 to run_length - 1.
  std::size_t run;
  std::size_t run_length;

  TileGrid(const TileForm& form_, const ConvGeometry& g, const Shape& input_, const Shape& output_)
      : form(form_),
        input(input_),
        output(output_),
        rows((output.h + form.outputs - 1) / form.outputs),
        columns((output.w + form.outputs - 1) / form.outputs),
        source_rows(sources(rows, input.h, output.h, g)),
        source_columns(sources(columns, input.w, output.w, g)),
        run(static_cast<std::size_t>(g.padding)),
        run_length(static_cast<std::size_t>(
            std::min(input.w, (output.w - 1) * g.stride + g.span() - g.padding))) {}

  /// Padded lines that a line of tiles reads, and from one such line to the next.
  [[nodiscard]] int tile_lines() const { return form.stride * form.side(); }
  [[nodiscard]] int line_step() const { return form.stride * form.outputs; }
  /// Padded columns that a row of tiles reads.
  [[nodiscard]] int strip_columns() const { return static_cast<int>(source_columns.size()); }
  [[nodiscard]] int output_columns() const { return columns * form.outputs; }
  /// Of all images.
  [[nodiscard]] int all_rows() const { return input.n * rows; }

 private:
  [[nodiscard]] std::vector<int> sources(int tiles, int extent, int outputs,
                                         const ConvGeometry& g) const {
    std::vector<int> result(
        static_cast<std::size_t>((tiles - 1) * line_step() + form.stride * form.side()), -1);
    const int read = (outputs - 1) * g.stride + g.span();  // what lies beyond, no output needs
    for (int i = 0; i < read; ++i) {
      result[static_cast<std::size_t>(i)] = padded_index(i - g.padding, extent, g.mode);
    }
    return result;
  }
};

}  // namespace asyndgan::kernels::cpu
