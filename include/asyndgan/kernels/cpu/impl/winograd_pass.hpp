// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/core/shape.hpp"
#include "asyndgan/kernels/conv_geometry.hpp"
#include "asyndgan/kernels/cpu/matrix_product.hpp"
#include "asyndgan/kernels/cpu/scratch.hpp"
#include "asyndgan/kernels/cpu/tile_grid.hpp"
#include "asyndgan/kernels/cpu/winograd.hpp"
#include "asyndgan/kernels/cpu/winograd_ops.hpp"

namespace asyndgan::kernels::cpu {

namespace detail {

/// What becomes of the tiles: pixels, or one sum over all of them.
enum class TileUse { map, sum };

/// The steps that the three maps of a convolution are made of. Rows of tiles of all images follow
/// each other and are taken in chunks that stay in the caches: where there are few channels, small
/// ones, each by one thread from end to end; else large ones, each step of them by all threads.
class WinogradPass {
 public:
  using Array = WinogradConv2d::Array;

  WinogradPass(const TileForm& form, const ConvGeometry& g, const Shape& input, const Shape& output,
               TileUse use)
      : grid_(form, g, input, output),
        ops_(winograd_ops(form)),
        lanes_(matrix_ops().lanes),
        side_(static_cast<std::size_t>(g.kernel)),
        points_(static_cast<std::size_t>(form.points())),
        phases_(static_cast<std::size_t>(form.phases())),
        channel_blocks_(blocks(input.c)),
        filter_blocks_(blocks(output.c)),
        depth_(phases_ * channel_blocks_ * lanes_),
        width_(filter_blocks_ * lanes_),
        chunk_rows_(rows_of(use == TileUse::map ? kMapTiles : kSumTiles)) {
    const auto tiles = static_cast<int>(kOwnBytes / (points_ * (depth_ + width_) * sizeof(float)));
    own_chunks_ =
        tiles >= kOwnTiles && grid_.columns <= 2 * tiles && g.padding <= 2 &&
        grid_.all_rows() >= kGroups * rows_of(tiles) &&
        (use == TileUse::map || kGroups * depth_ * width_ <= all_tiles() * (depth_ + width_));
    if (own_chunks_) chunk_rows_ = rows_of(tiles);
  }

  /// visit(first row of tiles, rows) for each chunk.
  template <class Visit>
  void for_each_chunk(const Visit& visit) const {
    over_chunks(chunks(), [&](std::size_t chunk) { visit_chunk(chunk, visit); });
  }
  /// First every other one: tiles of padding up to 2 write into those of their neighbours at most.
  template <class Visit>
  void for_each_chunk_apart(const Visit& visit) const {
    over_chunks((chunks() + 1) / 2, [&](std::size_t i) { visit_chunk(2 * i, visit); });
    over_chunks(chunks() / 2, [&](std::size_t i) { visit_chunk(2 * i + 1, visit); });
  }
  /// visit(group, whether it is the group's first, first row of tiles, rows), in order in a group.
  template <class Visit>
  void for_each_chunk_in_groups(const Visit& visit) const {
    over_chunks(groups(), [&](std::size_t group) {
      const std::size_t begin = group * chunks() / groups();
      for (std::size_t chunk = begin; chunk < (group + 1) * chunks() / groups(); ++chunk) {
        visit_chunk(chunk, [&](int row, int rows) { visit(group, chunk == begin, row, rows); });
      }
    });
  }

  // Transformed tensors by point, in memory of this thread. `inputs`: (tiles of a chunk,
  // phases * channels); `outputs`: (tiles of a chunk, filters).

  [[nodiscard]] PointMatrices inputs() const {
    return matrices<ScratchUse::source>(chunk_tiles(), depth_);
  }
  [[nodiscard]] PointMatrices outputs() const {
    return matrices<ScratchUse::sums>(chunk_tiles(), width_);
  }
  /// (filters, phases * channels), of the first group; the others' follow. Where the weights would
  /// be, which this map does not need.
  [[nodiscard]] PointMatrices weight_sums() const {
    return matrices<ScratchUse::weights>(width_, depth_, groups());
  }
  [[nodiscard]] PointMatrices of_group(const PointMatrices& sums, std::size_t group) const {
    return {sums.data + group * points_ * sums.point_step, sums.point_step, sums.row_step};
  }

  /// (phases * channels, filters).
  [[nodiscard]] PanelMatrices weights(const Array& weight) const {
    const PanelMatrices out = panels(depth_, filter_blocks_);
    const Shape& shape = weight.shape();
    const auto channels = static_cast<std::size_t>(shape.c);
    const std::size_t padded = channel_blocks_ * lanes_;
    parallel_for(filter_blocks_ * channel_blocks_, [&](std::size_t item) {
      const std::size_t f = item / channel_blocks_;
      const std::size_t first = item % channel_blocks_ * lanes_;
      for (std::size_t c = first; c < first + lanes_; ++c) {
        const int count = c < channels ? lanes_of(shape.n, f) : 0;
        ops_.weights(side_, weight.data() + f * lanes_ * shape.image() + c * shape.plane(),
                     shape.image(), count, out, c, f, padded, 0);
      }
    });
    return out;
  }

  /// (filters, phases * channels).
  [[nodiscard]] PanelMatrices transposed_weights(const Array& weight) const {
    const PanelMatrices out = panels(width_, phases_ * channel_blocks_);
    const Shape& shape = weight.shape();
    const auto filters = static_cast<std::size_t>(shape.n);
    parallel_for(filter_blocks_ * channel_blocks_, [&](std::size_t item) {
      const std::size_t c = item % channel_blocks_;
      const std::size_t first = item / channel_blocks_ * lanes_;
      for (std::size_t f = first; f < first + lanes_; ++f) {
        const int count = f < filters ? lanes_of(shape.c, c) : 0;
        ops_.weights(side_, weight.data() + f * shape.image() + c * lanes_ * shape.plane(),
                     shape.plane(), count, out, f, c, 0, channel_blocks_);
      }
    });
    return out;
  }

  void transform_input(const Array& input, int row, int rows, const PointMatrices& out) const {
    for_each_row(row, rows, channel_blocks_, [&](int at, int n, int tile_row, std::size_t c) {
      ops_.input(grid_, tile_row, block<const float>(input, n, c), strip(),
                 tiles(out, at, c * lanes_), channel_blocks_ * lanes_);
    });
  }

  void transform_d_output(const Array& d_output, int row, int rows,
                          const PointMatrices& out) const {
    for_each_row(row, rows, filter_blocks_, [&](int at, int n, int tile_row, std::size_t f) {
      ops_.d_output(grid_, tile_row, block<const float>(d_output, n, f), strip(),
                    tiles(out, at, f * lanes_));
    });
  }

  void write_output(const PointMatrices& sums, const float* bias, int row, int rows,
                    Array& output) const {
    for_each_row(row, rows, filter_blocks_, [&](int at, int n, int tile_row, std::size_t f) {
      ops_.output(grid_, tile_row, tiles(sums, at, f * lanes_), bias ? bias + f * lanes_ : nullptr,
                  strip(), block<float>(output, n, f));
    });
  }

  /// Rows of tiles overlap: where threads share a chunk, each has all of one block of channels,
  /// from top to bottom.
  void add_d_input(const PointMatrices& sums, int row, int rows, Array& d_input) const {
    const int first = row / grid_.rows;
    const int last = (row + rows - 1) / grid_.rows;
    const auto images = static_cast<std::size_t>(last - first) + 1;
    in_chunk(images * channel_blocks_, [&](std::size_t item) {
      const int n = first + static_cast<int>(item / channel_blocks_);
      const std::size_t c = item % channel_blocks_;
      const int end = std::min(row + rows, (n + 1) * grid_.rows);
      for (int r = std::max(row, n * grid_.rows); r < end; ++r) {
        ops_.d_input(grid_, r - n * grid_.rows, tiles(sums, r - row, c * lanes_),
                     channel_blocks_ * lanes_, strip(), block<float>(d_input, n, c));
      }
    });
  }

  void add_d_weight(const PointMatrices& sums, Array& d_weight) const {
    const Shape& shape = d_weight.shape();
    parallel_for(static_cast<std::size_t>(shape.n), [&](std::size_t f) {
      for (std::size_t c = 0; c < channel_blocks_; ++c) {
        float* to = d_weight.data() + f * shape.image() + c * lanes_ * shape.plane();
        for (std::size_t group = 0; group < groups(); ++group) {
          auto at = of_group(sums, group);
          at.data += f * sums.row_step + c * lanes_;
          ops_.d_weights(side_, at, channel_blocks_ * lanes_, to, lanes_of(shape.c, c));
        }
      }
    });
  }

  /// For each point, sums = left * right, where the rows are tiles.
  void multiply(const PointMatrices& left, int rows, const PanelMatrices& right,
                const PointMatrices& sums) const {
    const auto tiles = static_cast<std::size_t>(rows) * static_cast<std::size_t>(grid_.columns);
    for_each_product(right.vectors, [&](std::size_t point, std::size_t begin, std::size_t count) {
      matrix_ops().multiply(
          {.left = left.data + point * left.point_step,
           .left_row = left.row_step,
           .left_depth = 1,
           .right = right.data + point * right.point_step + begin * lanes_ * right.depth,
           .right_row = 0,
           .right_panel = 2 * lanes_ * right.depth,
           .sums = sums.data + point * sums.point_step + begin * lanes_,
           .sums_row = sums.row_step,
           .rows = tiles,
           .depth = right.depth,
           .vectors = count,
           .accumulate = false});
    });
  }

  /// For each point, sums (+)= transposed d_outputs * inputs: the sum over the tiles.
  void multiply_transposed(const PointMatrices& d_outputs, const PointMatrices& inputs, int rows,
                           bool accumulate, const PointMatrices& sums) const {
    const auto tiles = static_cast<std::size_t>(rows) * static_cast<std::size_t>(grid_.columns);
    for_each_product(depth_ / lanes_, [&](std::size_t point, std::size_t begin, std::size_t count) {
      matrix_ops().multiply({.left = d_outputs.data + point * d_outputs.point_step,
                             .left_row = 1,
                             .left_depth = d_outputs.row_step,
                             .right = inputs.data + point * inputs.point_step + begin * lanes_,
                             .right_row = inputs.row_step,
                             .right_panel = 2 * lanes_,
                             .sums = sums.data + point * sums.point_step + begin * lanes_,
                             .sums_row = sums.row_step,
                             .rows = width_,
                             .depth = tiles,
                             .vectors = count,
                             .accumulate = accumulate});
    });
  }

 private:
  // Tiles of a chunk that threads share. A sum over tiles is the faster the longer it is.
  static constexpr int kMapTiles = 96;
  static constexpr int kSumTiles = 256;
  // A chunk of one thread: half of a small second cache, and tiles enough to use a weight for.
  static constexpr std::size_t kOwnBytes = std::size_t{256} * 1024;
  static constexpr int kOwnTiles = 24;
  // Groups of them, whose sums are apart: no number of threads matters, and no more than these
  // threads find work in a sum.
  static constexpr int kGroups = 8;
  static constexpr std::size_t kApart = 16;  // scalars, so that points do not share cache sets

  [[nodiscard]] int rows_of(int tiles) const {
    return std::clamp(tiles / grid_.columns, 1, grid_.all_rows());
  }
  [[nodiscard]] std::size_t all_tiles() const {
    return static_cast<std::size_t>(grid_.all_rows()) * static_cast<std::size_t>(grid_.columns);
  }
  [[nodiscard]] std::size_t chunks() const {
    return static_cast<std::size_t>((grid_.all_rows() + chunk_rows_ - 1) / chunk_rows_);
  }
  [[nodiscard]] std::size_t groups() const { return own_chunks_ ? kGroups : 1; }

  template <class Visit>
  void visit_chunk(std::size_t chunk, const Visit& visit) const {
    const int row = static_cast<int>(chunk) * chunk_rows_;
    visit(row, std::min(chunk_rows_, grid_.all_rows() - row));
  }
  template <class Item>
  void over_chunks(std::size_t count, const Item& item) const {
    for_all(count, own_chunks_, item);
  }
  template <class Item>
  void in_chunk(std::size_t count, const Item& item) const {
    for_all(count, !own_chunks_, item);
  }
  template <class Item>
  static void for_all(std::size_t count, bool in_parallel, const Item& item) {
    if (in_parallel) return parallel_for(count, item);
    for (std::size_t i = 0; i < count; ++i) item(i);
  }

  [[nodiscard]] std::size_t blocks(int channels) const {
    return (static_cast<std::size_t>(channels) + lanes_ - 1) / lanes_;
  }
  [[nodiscard]] int lanes_of(int channels, std::size_t block) const {
    const auto lanes = static_cast<int>(lanes_);
    return std::min(lanes, channels - static_cast<int>(block) * lanes);
  }
  [[nodiscard]] std::size_t chunk_tiles() const {
    return static_cast<std::size_t>(chunk_rows_) * static_cast<std::size_t>(grid_.columns);
  }

  template <ScratchUse kUse>
  [[nodiscard]] PointMatrices matrices(std::size_t rows, std::size_t columns,
                                       std::size_t times = 1) const {
    const std::size_t step = rows * columns + kApart;
    return {scratch<float, kUse>(times * points_ * step), step, columns};
  }
  [[nodiscard]] PanelMatrices panels(std::size_t depth, std::size_t vectors) const {
    const std::size_t step = depth * vectors * lanes_ + kApart;
    return {scratch<float, ScratchUse::weights>(points_ * step), step, depth, vectors, lanes_};
  }
  /// The lines that a row of tiles reads or writes, and one more.
  [[nodiscard]] float* strip() const {
    const auto lines = static_cast<std::size_t>(grid_.tile_lines()) + 1;
    const std::size_t columns =
        std::max(grid_.source_columns.size(), static_cast<std::size_t>(grid_.output_columns()));
    return scratch<float, ScratchUse::strip>(lines * columns * lanes_);
  }

  template <class T, class Tensor>
  [[nodiscard]] ChannelBlock<T> block(Tensor& tensor, int n, std::size_t block) const {
    const Shape& shape = tensor.shape();
    return {tensor.data() + static_cast<std::size_t>(n) * shape.image() +
                block * lanes_ * shape.plane(),
            shape.plane(), lanes_of(shape.c, block)};
  }
  /// The tiles of the `row`-th row of the chunk, from `column` on.
  [[nodiscard]] PointMatrices tiles(const PointMatrices& of, int row, std::size_t column) const {
    const auto tile = static_cast<std::size_t>(row) * static_cast<std::size_t>(grid_.columns);
    return {of.data + tile * of.row_step + column, of.point_step, of.row_step};
  }

  /// visit(row of the chunk, image, row of the image, block).
  template <class Visit>
  void for_each_row(int row, int rows, std::size_t blocks, const Visit& visit) const {
    in_chunk(static_cast<std::size_t>(rows) * blocks, [&](std::size_t item) {
      const int at = static_cast<int>(item / blocks);
      visit(at, (row + at) / grid_.rows, (row + at) % grid_.rows, item % blocks);
    });
  }

  /// visit(point, first vector, vectors): halves of the columns, in whole panels.
  template <class Visit>
  void for_each_product(std::size_t vectors, const Visit& visit) const {
    const std::size_t half = (vectors + 3) / 4 * 2;
    in_chunk(2 * points_, [&](std::size_t item) {
      const std::size_t begin = item % 2 * half;
      const std::size_t end = std::min(vectors, begin + half);
      if (begin < end) visit(item / 2, begin, end - begin);
    });
  }

  TileGrid grid_;
  const WinogradOps& ops_;
  std::size_t lanes_;
  std::size_t side_;  // of a window
  std::size_t points_;
  std::size_t phases_;
  std::size_t channel_blocks_;
  std::size_t filter_blocks_;
  std::size_t depth_;  // phases * channels, in whole blocks
  std::size_t width_;  // filters, in whole blocks
  int chunk_rows_;
  bool own_chunks_ = false;  // each is one thread's
};

}  // namespace detail

}  // namespace asyndgan::kernels::cpu
