// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/privacy/synthetic.hpp"
#include "asyndgan/telemetry/png.hpp"
#include "asyndgan/telemetry/raster.hpp"

namespace asyndgan::telemetry {

/// Pictures of what a generator draws, and of the label maps that it drew for. They are made of
/// Synthetic images and of nothing else, so no real image can get among them.
class Samples {
 public:
  using Png = std::vector<std::byte>;
  struct Row {
    Png map;
    std::vector<Png> images;  // one for each column
  };

  /// Shapes  images (N, C, H, W), maps (N, H, W).
  /// Errors  ShapeError where the two do not fit, or the channels do not.
  template <std::floating_point T, Device D>
  Samples(std::uint64_t step, const LabelMap& maps, const privacy::Synthetic<T, D>& drawn,
          std::vector<std::string> channels, std::vector<std::string> classes)
      : step_(step), columns_(std::move(channels)), classes_(std::move(classes)) {
    const Shape& shape = drawn.images().shape();
    if (shape.n != maps.n || shape.h != maps.h || shape.w != maps.w ||
        shape.c != static_cast<int>(columns_.size())) {
      throw ShapeError("Samples: images " + to_string(shape) + " for " + std::to_string(maps.n) +
                       " label maps and " + std::to_string(columns_.size()) + " channels");
    }
    const auto values = drawn.images().to_host();
    const auto images =
        Tensor<float>::from_host(shape, std::vector<float>(values.begin(), values.end()));
    const bool colour = columns_ == std::vector<std::string>{"red", "green", "blue"};
    if (colour) columns_ = {"colour"};
    for (int n = 0; n < maps.n; ++n) {
      Row& row = rows_.emplace_back(Row{encode_png(raster(maps, n)), {}});
      for (int c = 0; c < static_cast<int>(columns_.size()); ++c) {
        row.images.push_back(encode_png(raster(images, n, colour ? -1 : c)));
      }
    }
  }

  /// Of the generator that drew.
  [[nodiscard]] std::uint64_t step() const { return step_; }
  /// What each picture of a row shows: channels, or "colour" for all of them in one.
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  /// Names of the label maps' classes, the background first.
  [[nodiscard]] const std::vector<std::string>& classes() const { return classes_; }
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

 private:
  std::uint64_t step_;
  std::vector<std::string> columns_;
  std::vector<std::string> classes_;
  std::vector<Row> rows_;
};

}  // namespace asyndgan::telemetry
