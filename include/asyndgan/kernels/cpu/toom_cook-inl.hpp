// SPDX-License-Identifier: Apache-2.0
// No include guard: winograd-inl.hpp includes this file once per instruction set.

#include <hwy/highway.h>
#include <cstddef>
#include <utility>

#include "asyndgan/kernels/cpu/matrix_product-inl.hpp"
#include "asyndgan/kernels/cpu/toom_cook.hpp"

HWY_BEFORE_NAMESPACE();
namespace asyndgan::kernels::cpu::HWY_NAMESPACE {

// The matrices of ToomCook as functions of constants, so that each coefficient is one.
template <std::size_t M, std::size_t R>
struct InputTransform {  // B'
  static constexpr std::size_t kIn = M + R - 1, kOut = M + R - 1;
  static constexpr float at(std::size_t o, std::size_t i) {
    return static_cast<float>(ToomCook<M, R>().input[o][i]);
  }
};
template <std::size_t M, std::size_t R>
struct OutputTransform {  // A'
  static constexpr std::size_t kIn = M + R - 1, kOut = M;
  static constexpr float at(std::size_t o, std::size_t i) {
    return static_cast<float>(ToomCook<M, R>().output[o][i]);
  }
};
template <std::size_t M, std::size_t R>
struct TapTransform {  // G
  static constexpr std::size_t kIn = R, kOut = M + R - 1;
  static constexpr float at(std::size_t o, std::size_t i) {
    return static_cast<float>(ToomCook<M, R>().taps[o][i]);
  }
};
template <class Transform>
struct Adjoint {
  static constexpr std::size_t kIn = Transform::kOut, kOut = Transform::kIn;
  static constexpr float at(std::size_t o, std::size_t i) { return Transform::at(i, o); }
};

template <class Transform, std::size_t kRow, std::size_t kColumn, bool kFirst>
HWY_INLINE void add_term(Vector x, Vector& sum) {
  constexpr float kCoefficient = Transform::at(kRow, kColumn);
  if constexpr (kCoefficient == 0) {
    return;
  } else if constexpr (kFirst) {
    sum = kCoefficient == 1 ? x : hn::Mul(x, hn::Set(kVector, kCoefficient));
  } else if constexpr (kCoefficient == 1) {
    sum = hn::Add(sum, x);
  } else if constexpr (kCoefficient == -1) {
    sum = hn::Sub(sum, x);
  } else {
    sum = hn::MulAdd(x, hn::Set(kVector, kCoefficient), sum);
  }
}

template <class Transform, std::size_t kRow>
constexpr std::size_t first_term() {
  std::size_t first = 0;
  while (Transform::at(kRow, first) == 0) ++first;
  return first;
}

template <class Transform, std::size_t kRow, std::size_t... kColumns>
HWY_INLINE Vector transformed(const Vector* in, std::size_t step,
                              std::index_sequence<kColumns...>) {
  Vector sum = hn::Zero(kVector);
  (add_term<Transform, kRow, kColumns, kColumns == first_term<Transform, kRow>()>(
       in[kColumns * step], sum),
   ...);
  return sum;
}

template <class Transform, std::size_t... kRows>
HWY_INLINE void transform_line(const Vector* in, std::size_t in_step, Vector* out,
                               std::size_t out_step, std::index_sequence<kRows...>) {
  ((out[kRows * out_step] =
        transformed<Transform, kRows>(in, in_step, std::make_index_sequence<Transform::kIn>())),
   ...);
}

/// out = T in T', of kIn x kIn and kOut x kOut vectors.
template <class Transform>
HWY_INLINE void transform(const Vector* in, Vector* out) {
  constexpr std::size_t kIn = Transform::kIn;
  constexpr std::size_t kOut = Transform::kOut;
  constexpr std::make_index_sequence<kOut> kRows;
  Vector half[kOut * kIn];
  for (std::size_t i = 0; i < kIn; ++i)
    transform_line<Transform>(in + i, kIn, half + i, kIn, kRows);
  for (std::size_t o = 0; o < kOut; ++o) {
    transform_line<Transform>(half + o * kIn, 1, out + o * kOut, 1, kRows);
  }
}

}  // namespace asyndgan::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
