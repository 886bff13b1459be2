// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/shape.hpp"

namespace asyndgan::kernels {

/// What a convolution reads beyond the border of its input.
enum class PaddingMode {
  zero,
  reflect,  // the mirror image, the border pixel not repeated: 3 2 | 1 2 3 4 | 3 2
};

/// How a square convolution window walks over its input: window position (i, j) and tap (a, b)
/// meet input pixel (i*stride + a*dilation - padding, j*stride + b*dilation - padding).
struct ConvGeometry {
  int kernel = 3;    // K, taps per side
  int stride = 1;    // pixels
  int padding = 0;   // pixels on every side
  int dilation = 1;  // pixels between taps
  PaddingMode mode = PaddingMode::zero;

  /// Pixels that the window spans.
  [[nodiscard]] constexpr int span() const { return dilation * (kernel - 1) + 1; }

  friend constexpr bool operator==(const ConvGeometry&, const ConvGeometry&) = default;
};

/// Throws ContractViolation, naming `who`, on a value that makes no convolution.
inline void require_valid(const ConvGeometry& g, const char* who) {
  if (g.kernel < 1 || g.stride < 1 || g.padding < 0 || g.dilation < 1) {
    throw ContractViolation(std::string(who) + ": kernel " + std::to_string(g.kernel) +
                            ", stride " + std::to_string(g.stride) + ", padding " +
                            std::to_string(g.padding) + ", dilation " + std::to_string(g.dilation) +
                            "; kernel, stride and dilation must be at least 1, padding at least 0");
  }
}

/// (N, F, H', W') with H' = (H + 2*padding - span) / stride + 1, and W' likewise.
/// Errors  ShapeError if the window is larger than the padded input, or a reflection reaches
///         beyond the far border (padding >= H or W).
[[nodiscard]] inline Shape conv2d_shape(const Shape& input, int filters, const ConvGeometry& g) {
  const int h = input.h + 2 * g.padding - g.span();
  const int w = input.w + 2 * g.padding - g.span();
  if (h < 0 || w < 0) {
    throw ShapeError("conv2d: input " + to_string(input) + " with padding " +
                     std::to_string(g.padding) + " is smaller than the window of " +
                     std::to_string(g.span()) + " pixels");
  }
  if (g.mode == PaddingMode::reflect && (g.padding >= input.h || g.padding >= input.w)) {
    throw ShapeError("conv2d: input " + to_string(input) + " is too small to reflect " +
                     std::to_string(g.padding) + " pixels");
  }
  return {input.n, filters, h / g.stride + 1, w / g.stride + 1};
}

/// (N, C, H', W') with H' = (H - 1)*stride - 2*padding + span + output_padding: an input of the
/// convolution that the transposed one is the adjoint of. Of the `stride` sizes that it maps to
/// H, output_padding chooses one.
/// Errors  ShapeError if nothing is left.
[[nodiscard]] inline Shape conv_transpose2d_shape(const Shape& input, int channels,
                                                  const ConvGeometry& g, int output_padding) {
  const int grown = g.span() - 2 * g.padding + output_padding;
  const Shape output{input.n, channels, (input.h - 1) * g.stride + grown,
                     (input.w - 1) * g.stride + grown};
  if (input.h < 1 || input.w < 1 || output.h < 1 || output.w < 1) {
    throw ShapeError("conv_transpose2d: input " + to_string(input) + " would give output " +
                     to_string(output));
  }
  return output;
}

/// The index that `position` on a padded line of `extent` pixels reads, or -1 for a padding zero.
[[nodiscard]] constexpr int padded_index(int position, int extent, PaddingMode mode) {
  if (position >= 0 && position < extent) return position;
  if (mode == PaddingMode::zero) return -1;
  return position < 0 ? -position : 2 * (extent - 1) - position;
}

}  // namespace asyndgan::kernels
