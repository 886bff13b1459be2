// SPDX-License-Identifier: Apache-2.0
// No include guard: src/compiled/quantize_ops.cpp includes this file once per instruction set.

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#include "asyndgan/kernels/cpu/quantize_ops.hpp"

HWY_BEFORE_NAMESPACE();
namespace asyndgan::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Vectors first, then the definition for what is left. Loops without a condition are left to the
// compiler, which vectorises them for the instruction set of this namespace.

inline std::uint32_t largest_magnitude_bits(std::size_t n, const float* HWY_RESTRICT values) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t bits = QuantizeReference::magnitude_bits(values[i]);
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

#if HWY_TARGET == HWY_SCALAR

/// How many of n values were done.
template <class Code, class F>
std::size_t round_vectors(std::size_t /*n*/, const float* /*values*/, Code* /*codes*/,
                          const F& /*map*/) {
  return 0;
}

#else

/// codes = map(values) as vectors of double, to the nearest whole number, of which the lowest byte
/// counts. Returns how many of n were done.
template <class Code, class F>
HWY_INLINE std::size_t round_vectors(std::size_t n, const float* HWY_RESTRICT values,
                                     Code* HWY_RESTRICT codes, const F& map) {
  const hn::ScalableTag<double> wide;
  const hn::Rebind<float, decltype(wide)> narrow;
  const hn::Rebind<std::uint8_t, decltype(wide)> byte;
  const hn::RebindToUnsigned<decltype(wide)> bits;
  const std::size_t lanes = hn::Lanes(wide);
  auto* const bytes = reinterpret_cast<std::uint8_t*>(codes);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto value = hn::PromoteTo(wide, hn::LoadU(narrow, values + i));
    const auto whole = hn::Add(map(wide, value), hn::Set(wide, QuantizeReference::kNoFraction));
    hn::StoreU(hn::TruncateTo(byte, hn::BitCast(bits, whole)), byte, bytes + i);
  }
  return i;
}

#endif

inline void to_levels(std::size_t n, const float* HWY_RESTRICT values,
                      std::uint8_t* HWY_RESTRICT codes) {
  std::size_t i = round_vectors(n, values, codes, [](auto d, auto value) HWY_ATTR {
    const auto inside = hn::Min(hn::Max(value, hn::Set(d, -1.0)), hn::Set(d, 1.0));
    return hn::MulAdd(inside, hn::Set(d, 127.5), hn::Set(d, 127.5));
  });
  for (; i < n; ++i) codes[i] = QuantizeReference::to_level(values[i]);
}

inline void from_levels(std::size_t n, const std::uint8_t* HWY_RESTRICT codes,
                        float* HWY_RESTRICT values) {
  for (std::size_t i = 0; i < n; ++i) values[i] = QuantizeReference::from_level(codes[i]);
}

inline void to_steps(std::size_t n, const float* HWY_RESTRICT values, float inverse,
                     std::int8_t* HWY_RESTRICT codes) {
  std::size_t i = round_vectors(n, values, codes, [inverse](auto d, auto value) HWY_ATTR {
    return hn::Mul(value, hn::Set(d, static_cast<double>(inverse)));
  });
  for (; i < n; ++i) codes[i] = QuantizeReference::to_steps(values[i], inverse);
}

inline void from_steps(std::size_t n, const std::int8_t* HWY_RESTRICT codes, float step,
                       float* HWY_RESTRICT values) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> whole;
  const hn::Rebind<std::int8_t, decltype(d)> byte;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto code = hn::PromoteTo(whole, hn::LoadU(byte, codes + i));
    const auto count = hn::ConvertTo(d, hn::Max(code, hn::Set(whole, -127)));
    hn::StoreU(hn::Mul(hn::Set(d, step), count), d, values + i);
  }
  for (; i < n; ++i) values[i] = QuantizeReference::from_steps(codes[i], step);
}

// A plain function, which HWY_EXPORT can name.
inline const QuantizeOps* quantize_table() {
  static constexpr QuantizeOps kTable{.largest_magnitude_bits = largest_magnitude_bits,
                                      .to_levels = to_levels,
                                      .from_levels = from_levels,
                                      .to_steps = to_steps,
                                      .from_steps = from_steps};
  return &kTable;
}

}  // namespace asyndgan::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
