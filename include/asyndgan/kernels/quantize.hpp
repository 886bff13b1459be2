// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/cpu/quantize_ops.hpp"

/// Floats as bytes and back, in host memory: what crosses a wire lies there. Results are the same
/// to the last bit with every instruction set and number of threads.
namespace asyndgan::kernels {

namespace detail {
/// Values that one thread takes at a time: 256 KiB, which the second-level cache holds.
inline constexpr std::size_t kQuantizeGrain = std::size_t{1} << 16;
}  // namespace detail

/// The largest of the values' bits without their sign, which are in the order of magnitudes:
/// 0x7F800000 where one is infinite, more where one is NaN. 0 for none.
[[nodiscard]] inline std::uint32_t largest_magnitude_bits(std::span<const float> values) {
  std::vector<std::uint32_t> largest(values.size() / detail::kQuantizeGrain + 1, 0);
  parallel_blocks(values.size(), detail::kQuantizeGrain, [&](std::size_t begin, std::size_t end) {
    largest[begin / detail::kQuantizeGrain] =
        cpu::quantize_ops().largest_magnitude_bits(end - begin, &values[begin]);
  });
  return *std::max_element(largest.begin(), largest.end());
}

/// The nearest of 256 levels from -1 to 1, ties to the even one; beyond them the last one.
/// Requires  no NaN, and as many codes as values.
inline void to_levels(std::span<const float> values, std::span<std::uint8_t> codes) {
  parallel_blocks(values.size(), detail::kQuantizeGrain, [&](std::size_t begin, std::size_t end) {
    cpu::quantize_ops().to_levels(end - begin, &values[begin], &codes[begin]);
  });
}

/// Requires  as many values as codes.
inline void from_levels(std::span<const std::uint8_t> codes, std::span<float> values) {
  parallel_blocks(values.size(), detail::kQuantizeGrain, [&](std::size_t begin, std::size_t end) {
    cpu::quantize_ops().from_levels(end - begin, &codes[begin], &values[begin]);
  });
}

/// value * inverse, to the nearest whole number, ties to even.
/// Requires  these to lie in [-128, 127], and as many codes as values.
inline void to_steps(std::span<const float> values, float inverse, std::span<std::int8_t> codes) {
  parallel_blocks(values.size(), detail::kQuantizeGrain, [&](std::size_t begin, std::size_t end) {
    cpu::quantize_ops().to_steps(end - begin, &values[begin], inverse, &codes[begin]);
  });
}

/// step * code, where a code of -128 counts as -127. Requires  as many values as codes.
inline void from_steps(std::span<const std::int8_t> codes, float step, std::span<float> values) {
  parallel_blocks(values.size(), detail::kQuantizeGrain, [&](std::size_t begin, std::size_t end) {
    cpu::quantize_ops().from_steps(end - begin, &codes[begin], step, &values[begin]);
  });
}

}  // namespace asyndgan::kernels
