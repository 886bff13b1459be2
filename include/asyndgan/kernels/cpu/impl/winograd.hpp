// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of kernels/cpu/winograd.hpp.

#include <algorithm>
#include <cstddef>
#include <optional>

#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/cpu/impl/winograd_pass.hpp"
#include "asyndgan/kernels/cpu/winograd.hpp"

namespace asyndgan::kernels::cpu {

namespace detail {

/// `values` (1, C, 1, 1) in every plane, or 0 where it is empty.
inline void fill_planes(const Tensor<float, Cpu>& values, Tensor<float, Cpu>& tensor) {
  const Shape& shape = tensor.shape();
  const auto channels = static_cast<std::size_t>(shape.c);
  parallel_for(static_cast<std::size_t>(shape.n) * channels, [&](std::size_t i) {
    std::fill_n(tensor.data() + i * shape.plane(), shape.plane(),
                values.empty() ? 0.0F : values.data()[i % channels]);
  });
}

}  // namespace detail

ASYNDGAN_INLINE std::optional<TileForm> WinogradConv2d::form(const ConvGeometry& g,
                                                             const Shape& input,
                                                             const Shape& output) {
  const int channels = std::min(input.c, output.c);
  if (g.dilation != 1 || channels < 16) return std::nullopt;
  // To transform a weight costs as much as to use it for some tiles, of large windows for more.
  constexpr int kFewestTiles = 24;
  constexpr int kFewestTilesOf3x3 = 16;
  const int fewest_tiles = g.kernel == 3 && g.stride == 1 ? kFewestTilesOf3x3 : kFewestTiles;
  if (input.n * ((output.h + 3) / 4) * ((output.w + 3) / 4) < fewest_tiles) return std::nullopt;
  if (g.kernel == 3 && g.stride == 1) return TileForm{.outputs = 4, .taps = 3};
  if (g.kernel == 4 && g.stride == 1) return TileForm{.outputs = 4, .taps = 4};
  // Padded to 4, which gains little.
  const bool padded = g.kernel == 3 && channels >= 32 && input.c < 128;
  if (g.stride == 2 && (g.kernel == 4 || padded)) {
    return TileForm{.outputs = 4, .taps = 2, .stride = 2};
  }
  return std::nullopt;
}

ASYNDGAN_INLINE void WinogradConv2d::forward(const TileForm& form, const Array& input,
                                             const Array& weight, const Array& bias,
                                             const ConvGeometry& g, Array& output) {
  const detail::WinogradPass pass(form, g, input.shape(), output.shape(), detail::TileUse::map);
  const auto weights = pass.weights(weight);
  pass.for_each_chunk([&](int row, int rows) {
    const auto inputs = pass.inputs();
    const auto sums = pass.outputs();
    pass.transform_input(input, row, rows, inputs);
    pass.multiply(inputs, rows, weights, sums);
    pass.write_output(sums, bias.empty() ? nullptr : bias.data(), row, rows, output);
  });
}

ASYNDGAN_INLINE void WinogradConv2d::backward_input(const TileForm& form, const Array& d_output,
                                                    const Array& weight, const Array& bias,
                                                    const ConvGeometry& g, Array& d_input) {
  detail::fill_planes(bias, d_input);
  const detail::WinogradPass pass(form, g, d_input.shape(), d_output.shape(), detail::TileUse::map);
  const auto weights = pass.transposed_weights(weight);
  pass.for_each_chunk_apart([&](int row, int rows) {
    const auto d_outputs = pass.outputs();
    const auto d_inputs = pass.inputs();
    pass.transform_d_output(d_output, row, rows, d_outputs);
    pass.multiply(d_outputs, rows, weights, d_inputs);
    pass.add_d_input(d_inputs, row, rows, d_input);
  });
}

ASYNDGAN_INLINE void WinogradConv2d::backward_weight(const TileForm& form, const Array& input,
                                                     const Array& d_output, const ConvGeometry& g,
                                                     Array& d_weight) {
  const detail::WinogradPass pass(form, g, input.shape(), d_output.shape(), detail::TileUse::sum);
  const auto sums = pass.weight_sums();
  pass.for_each_chunk_in_groups([&](std::size_t group, bool first, int row, int rows) {
    const auto inputs = pass.inputs();
    const auto d_outputs = pass.outputs();
    pass.transform_input(input, row, rows, inputs);
    pass.transform_d_output(d_output, row, rows, d_outputs);
    pass.multiply_transposed(d_outputs, inputs, rows, !first, pass.of_group(sums, group));
  });
  pass.add_d_weight(sums, d_weight);
}

}  // namespace asyndgan::kernels::cpu
