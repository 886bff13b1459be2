// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace asyndgan::kernels::cpu {

/// adam_step's coefficients in T.
template <class T>
struct AdamFactors {
  T beta1;
  T rest1;  // 1 - beta1
  T beta2;
  T rest2;  // 1 - beta2
  T step_size;
  T root_scale;
  T epsilon;
  T gradient_decay;
  T value_factor;
};

/// y = rectified((x - center) * scale + bias), where below 0 `slope` is a factor.
template <class T>
struct NormMap {
  T center;
  T scale;
  T bias;
  T slope;
};

/// Sums that the way back of a norm needs, with g = d_y through the rectifier.
struct GradientSums {
  double g = 0;
  double g_offset = 0;  // of g * (x - center)
};

/// Loops over n contiguous elements, for one instruction set. Inputs and outputs do not overlap,
/// except where an argument is both. Sums are in double and in a fixed order.
template <class T>
struct VectorOps {
  /// x = x < 0 ? slope * x : x, and open = x > 0.
  void (*rectify)(std::size_t n, T slope, T* x, unsigned char* open);
  /// d_x = open ? d_y : factor * d_y; dropout's way back with two factors.
  void (*select_scale)(std::size_t n, const unsigned char* mask, T where_1, T where_0, const T* d_y,
                       T* d_x);
  /// x = tanh(x)
  void (*tanh)(std::size_t n, T* x);
  /// x = 1 / (1 + exp(-x))
  void (*sigmoid)(std::size_t n, T* x);

  /// The largest of each 2 x 2 elements of two rows of 2n, and its number in reading order: of
  /// equal ones the first, and a NaN before all.
  void (*halve)(std::size_t n, const T* upper, const T* lower, unsigned char* winners, T* largest);

  double (*sum)(std::size_t n, const T* x);
  /// Of (x - center)^2.
  double (*sum_squares)(std::size_t n, const T* x, T center);
  void (*normalize)(std::size_t n, const NormMap<T>& map, const T* x, T* y);
  GradientSums (*gradient_sums)(std::size_t n, const NormMap<T>& map, const T* d_y, const T* x);
  /// d_x = (g - mean - (x - center) * spread) * scale; d_x may be d_y.
  void (*norm_gradient)(std::size_t n, const NormMap<T>& map, const T* d_y, const T* x, T mean,
                        T spread, T* d_x);

  /// e = exp(z - largest), sums += e.
  void (*exponentials)(std::size_t n, const T* z, const T* largest, T* e, T* sums);
  bool (*adam)(std::size_t n, const AdamFactors<T>& k, const T* gradient, T* value, T* m, T* v);

  /// kept = bits >= threshold, x = kept ? x * scale : 0.
  void (*drop)(std::size_t n, const std::uint32_t* bits, std::uint32_t threshold, T scale, T* x,
               unsigned char* kept);
  /// The outputs of random::philox for counters that differ in their first two words, which are
  /// the low and the high half of number, number + 1, ...
  void (*philox)(std::size_t blocks, std::uint64_t number, std::array<std::uint32_t, 4> counter,
                 std::array<std::uint32_t, 2> key, std::uint32_t* out);
};

/// For T float or double. In asyndgan::compiled the instruction set is chosen at run time; a
/// header-only program gets what its compiler flags allow.
template <class T>
[[nodiscard]] const VectorOps<T>& vector_ops();

}  // namespace asyndgan::kernels::cpu

#ifdef ASYNDGAN_COMPILED  // src/compiled/vector_ops.cpp

namespace asyndgan::kernels::cpu {
template <>
const VectorOps<float>& vector_ops<float>();
template <>
const VectorOps<double>& vector_ops<double>();
}  // namespace asyndgan::kernels::cpu

#else

#include "asyndgan/kernels/cpu/vector_ops-inl.hpp"

namespace asyndgan::kernels::cpu {
template <class T>
const VectorOps<T>& vector_ops() {
  return HWY_NAMESPACE::vector_table<T>();
}
}  // namespace asyndgan::kernels::cpu

#endif
