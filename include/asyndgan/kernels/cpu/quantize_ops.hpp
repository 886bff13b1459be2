// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace asyndgan::kernels {

/// The definitions, for one value. In double, where a product of two floats is exact, so that
/// compilers that fuse the product into the sum get the same bits as those that do not.
struct QuantizeReference {
  /// Added to anything below 2^51, leaves no bit for a fraction, and a whole number in the lowest
  /// 32.
  static constexpr double kNoFraction = 6755399441055744.0;  // 1.5 * 2^52

  static std::uint32_t magnitude_bits(float value) {
    return std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFF;
  }
  static std::int32_t to_nearest(double value) {
    return static_cast<std::int32_t>(std::bit_cast<std::int64_t>(value + kNoFraction));
  }

  static std::uint8_t to_level(float value) {
    const float inside = value < -1.0F ? -1.0F : value > 1.0F ? 1.0F : value;
    return static_cast<std::uint8_t>(to_nearest(static_cast<double>(inside) * 127.5 + 127.5));
  }
  static float from_level(std::uint8_t code) { return static_cast<float>(2 * code - 255) / 255.0F; }

  static std::int8_t to_steps(float value, float inverse) {
    return static_cast<std::int8_t>(
        to_nearest(static_cast<double>(value) * static_cast<double>(inverse)));
  }
  static float from_steps(std::int8_t code, float step) {
    return step * static_cast<float>(code < -127 ? -127 : code);
  }
};

}  // namespace asyndgan::kernels

namespace asyndgan::kernels::cpu {

/// The loops of kernels/quantize.hpp over n contiguous elements, for one instruction set.
struct QuantizeOps {
  std::uint32_t (*largest_magnitude_bits)(std::size_t n, const float* values);
  void (*to_levels)(std::size_t n, const float* values, std::uint8_t* codes);
  void (*from_levels)(std::size_t n, const std::uint8_t* codes, float* values);
  void (*to_steps)(std::size_t n, const float* values, float inverse, std::int8_t* codes);
  void (*from_steps)(std::size_t n, const std::int8_t* codes, float step, float* values);
};

/// In asyndgan::compiled the instruction set is chosen at run time; a header-only program gets
/// what its compiler flags allow.
[[nodiscard]] const QuantizeOps& quantize_ops();

}  // namespace asyndgan::kernels::cpu

#ifndef ASYNDGAN_COMPILED  // else in src/compiled/quantize_ops.cpp

#include "asyndgan/kernels/cpu/quantize_ops-inl.hpp"

namespace asyndgan::kernels::cpu {
inline const QuantizeOps& quantize_ops() { return *HWY_NAMESPACE::quantize_table(); }
}  // namespace asyndgan::kernels::cpu

#endif
