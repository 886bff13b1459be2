// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/cpu/tap_plan.hpp"

namespace asyndgan::kernels::cpu {

/// Part of a batch: rows [row, row + rows) of the grid in images [image, image + images).
struct Strip {
  int image;
  int images;
  int row;
  int rows;
};

/// A batch cut into strips of whole images or of rows of one image. The cut depends on shapes
/// alone, so results do not depend on the number of threads.
struct Strips {
  int batch;
  int grid_rows;
  int images;  // of a strip
  int rows;

  [[nodiscard]] int per_image() const { return (grid_rows + rows - 1) / rows; }
  [[nodiscard]] int count() const { return (batch + images - 1) / images * per_image(); }
  [[nodiscard]] Strip operator[](int i) const {
    const int image = i / per_image() * images;
    const int row = i % per_image() * rows;
    return {image, std::min(images, batch - image), row, std::min(rows, grid_rows - row)};
  }

  /// Strips of about `pixels` grid positions, of equal size as far as possible.
  [[nodiscard]] static Strips of_size(int batch, int grid_rows, int grid_columns, int pixels) {
    const auto even = [](int whole, int part) {
      const int parts = (whole + part - 1) / part;
      return (whole + parts - 1) / parts;
    };
    Strips strips{batch, grid_rows, 1, grid_rows};
    const int image = std::max(1, grid_rows * grid_columns);
    if (image <= pixels) {
      strips.images = even(batch, std::clamp(pixels / image, 1, batch));
    } else {
      strips.rows = even(grid_rows, std::clamp(pixels / grid_columns, 1, grid_rows));
    }
    return strips;
  }
};

/// Where a strip's input lies in scratch memory: (channel, residue plane, image, row, column), each
/// row as long as grid plus halo, the border padded. A tap is then a constant offset, and a run of
/// grid positions a contiguous run of memory.
class StripLayout {
 public:
  StripLayout(const TapPlan& plan, const Strip& strip)
      : plan_(plan),
        pitch_(count(plan.x.grid) + count(plan.x.halo)),
        image_((count(strip.rows) + count(plan.y.halo)) * pitch_),
        residue_(count(strip.images) * image_) {
    const std::size_t residues = count(plan.y.residues) * count(plan.x.residues);
    // An odd number of cache lines, so that the channels of one tile do not share a cache set.
    used_ = residues * residue_;
    plane_ = ((used_ + kLine - 1) / kLine | 1U) * kLine;
  }

  [[nodiscard]] std::size_t pitch() const { return pitch_; }
  [[nodiscard]] std::size_t image() const { return image_; }
  [[nodiscard]] std::size_t plane() const { return plane_; }
  /// Scalars for `channels` channels, and what the last tile may read beyond.
  [[nodiscard]] std::size_t size(int channels) const { return count(channels) * plane_ + kSlack; }

  [[nodiscard]] std::ptrdiff_t line(int image, int row) const {
    return static_cast<std::ptrdiff_t>(count(image) * image_ + count(row) * pitch_);
  }
  [[nodiscard]] std::ptrdiff_t tap(const AxisTap& y, const AxisTap& x) const {
    const std::size_t residue = count(y.residue) * count(plan_.x.residues) + count(x.residue);
    return static_cast<std::ptrdiff_t>(residue * residue_) + line(0, y.shift) + x.shift;
  }

  /// Copies channels [channel, channel + channels) of the strip's images from `from`.
  template <class T>
  void load(const Tensor<T, Cpu>& from, const Strip& strip, int channel, int channels,
            T* to) const {
    for (int c = 0; c < channels; ++c) {
      T* row = to + count(c) * plane_;
      std::fill(row + used_, row + plane_, T(0));  // a DotProduct multiplies what lies behind by 0
      for (int q = 0; q < plan_.y.residues; ++q) {
        for (int p = 0; p < plan_.x.residues; ++p) {
          for (int n = 0; n < strip.images; ++n) {
            for (int r = 0; r < strip.rows + plan_.y.halo; ++r, row += pitch_) {
              const int position = (strip.row + r) * plan_.y.stride + q - plan_.y.pad;
              const int y = readable(position, from.shape().h);
              if (y < 0) {
                std::fill_n(row, pitch_, T(0));
              } else {
                load_row(&from(strip.image + n, channel + c, y, 0), from.shape().w, p, row);
              }
            }
          }
        }
      }
    }
    std::fill_n(to + size(channels) - kSlack, kSlack, T(0));
  }

 private:
  static constexpr std::size_t kLine = 16;   // floats in a cache line
  static constexpr std::size_t kSlack = 64;  // the widest tile, four AVX-512 vectors of float

  [[nodiscard]] static constexpr std::size_t count(int n) { return static_cast<std::size_t>(n); }

  /// The source index of a padded position, or -1 where it is a zero, or lies beyond what any
  /// window reads.
  [[nodiscard]] int readable(int position, int extent) const {
    const int index = padded_index(position, extent, plan_.mode);
    return index < extent ? index : -1;
  }

  template <class T>
  void load_row(const T* from, int width, int residue, T* to) const {
    const int stride = plan_.x.stride;
    const int offset = residue - plan_.x.pad;  // position of column 0
    const int columns = static_cast<int>(pitch_);
    const int begin = std::clamp((stride - 1 - offset) / stride, 0, columns);
    const int last = width - 1 - offset;  // of the readable columns, times stride
    const int end = last < 0 ? begin : std::clamp(last / stride + 1, begin, columns);
    const auto border = [&](int x) {
      const int index = readable(x * stride + offset, width);
      to[x] = index < 0 ? T(0) : from[index];
    };
    for (int x = 0; x < begin; ++x) border(x);
    if (stride == 1) {
      std::copy(from + begin + offset, from + end + offset, to + begin);
    } else if (stride == 2) {  // a constant, so that the compiler uses shuffles
      const T* pairs = from + offset;
      for (std::ptrdiff_t x = begin; x < end; ++x) to[x] = pairs[x * 2];
    } else {
      for (int x = begin; x < end; ++x) to[x] = from[x * stride + offset];
    }
    for (int x = end; x < columns; ++x) border(x);
  }

  const TapPlan& plan_;
  std::size_t pitch_;
  std::size_t image_;
  std::size_t residue_;
  std::size_t used_;
  std::size_t plane_;
};

/// The tiles that cover a strip's grid, in whichever of three ways needs the fewest: row by row;
/// image by image, halo columns computed and dropped; or all images as one line.
struct Tiles {
  std::vector<std::ptrdiff_t> offsets;  // in the strip's layout
  std::size_t image_stride;             // of a grid position in the sums
  std::size_t row_stride;

  Tiles(const StripLayout& layout, const Strip& strip, int columns, int width) {
    const auto tiles = [&](std::size_t run) {
      const auto w = static_cast<std::size_t>(width);
      return (run + w - 1) / w;
    };
    const auto images = static_cast<std::size_t>(strip.images);
    const auto rows = static_cast<std::size_t>(strip.rows);
    const std::size_t row = static_cast<std::size_t>(columns);
    const std::size_t image = (rows - 1) * layout.pitch() + row;
    const std::size_t batch = (images - 1) * layout.image() + image;
    const std::size_t by_row = tiles(row) * rows * images;
    const std::size_t by_image = tiles(image) * images;
    const auto w = static_cast<std::size_t>(width);
    if (by_row <= std::min(by_image, tiles(batch))) {
      row_stride = tiles(row) * w;
      image_stride = rows * row_stride;
      for (int n = 0; n < strip.images; ++n) {
        for (int r = 0; r < strip.rows; ++r) add_run(layout.line(n, r), tiles(row), width);
      }
    } else if (by_image <= tiles(batch)) {
      row_stride = layout.pitch();
      image_stride = tiles(image) * w;
      for (int n = 0; n < strip.images; ++n) add_run(layout.line(n, 0), tiles(image), width);
    } else {
      row_stride = layout.pitch();
      image_stride = layout.image();
      add_run(0, tiles(batch), width);
    }
  }

 private:
  void add_run(std::ptrdiff_t begin, std::size_t count, int width) {
    for (std::size_t t = 0; t < count; ++t) {
      offsets.push_back(begin + static_cast<std::ptrdiff_t>(t) * width);
    }
  }
};

}  // namespace asyndgan::kernels::cpu
