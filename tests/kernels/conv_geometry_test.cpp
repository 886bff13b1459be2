// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/conv_geometry.hpp"

#include <vector>

#include "support/catch.hpp"

namespace asyndgan::kernels {
namespace {

std::vector<int> padded_line(int extent, int padding, PaddingMode mode) {
  std::vector<int> line;
  for (int i = -padding; i < extent + padding; ++i) line.push_back(padded_index(i, extent, mode));
  return line;
}

TEST_CASE("A padded line reads zeros, or the mirror image without the border", "[kernels]") {
  CHECK(padded_line(4, 2, PaddingMode::zero) == std::vector<int>{-1, -1, 0, 1, 2, 3, -1, -1});
  CHECK(padded_line(4, 2, PaddingMode::reflect) == std::vector<int>{2, 1, 0, 1, 2, 3, 2, 1});
  CHECK(padded_line(2, 1, PaddingMode::reflect) == std::vector<int>{1, 0, 1, 0});
}

TEST_CASE("The shape of a convolution, worked out by hand", "[kernels]") {
  const Shape input{2, 3, 9, 7};
  CHECK(conv2d_shape(input, 5, {.kernel = 4, .stride = 2, .padding = 1}) == Shape{2, 5, 4, 3});
  CHECK(conv2d_shape(input, 5, {.kernel = 3, .dilation = 3}) == Shape{2, 5, 3, 1});  // span 7
  CHECK(conv2d_shape(input, 1, {.kernel = 7}) == Shape{2, 1, 3, 1});
  CHECK_THROWS_WITH(conv2d_shape(input, 1, {.kernel = 5, .dilation = 2}),
                    "conv2d: input (2, 3, 9, 7) with padding 0 is smaller than the window of 9 "
                    "pixels");
  const ConvGeometry reflecting{.kernel = 3, .padding = 7, .mode = PaddingMode::reflect};
  CHECK_THROWS_WITH(conv2d_shape(input, 1, reflecting),
                    "conv2d: input (2, 3, 9, 7) is too small to reflect 7 pixels");
}

TEST_CASE("A transposed convolution gives back every size that the convolution takes",
          "[kernels]") {
  const ConvGeometry g{.kernel = 3, .stride = 3, .padding = 1, .dilation = 2};
  for (int h = 5; h < 25; ++h) {
    const Shape input{1, 1, h, h};
    const Shape small = conv2d_shape(input, 1, g);
    const int left = (h + 2 * g.padding - g.span()) % g.stride;
    CHECK(conv_transpose2d_shape(small, 1, g, left) == input);
  }
  CHECK_THROWS_WITH(conv_transpose2d_shape({1, 1, 1, 1}, 2, {.kernel = 2, .padding = 1}, 0),
                    "conv_transpose2d: input (1, 1, 1, 1) would give output (1, 2, 0, 0)");
}

TEST_CASE("Geometries that are no convolution are refused with their values", "[kernels]") {
  CHECK_THROWS_WITH(require_valid({.kernel = 0, .stride = 2, .padding = 1}, "Conv2d"),
                    "Conv2d: kernel 0, stride 2, padding 1, dilation 1; kernel, stride and "
                    "dilation must be at least 1, padding at least 0");
  CHECK_THROWS_AS(require_valid({.padding = -1}, "Conv2d"), ContractViolation);
  CHECK_THROWS_AS(require_valid({.stride = 0}, "Conv2d"), ContractViolation);
  CHECK_THROWS_AS(require_valid({.dilation = 0}, "Conv2d"), ContractViolation);
  CHECK_NOTHROW(require_valid({}, "Conv2d"));
}

}  // namespace
}  // namespace asyndgan::kernels
