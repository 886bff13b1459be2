// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "asyndgan/kernels/cpu/product.hpp"

namespace asyndgan::kernels::cpu {

/// For T float or double. In asyndgan::compiled the instruction set is chosen at run time. A
/// header-only program gets what its compiler flags allow, which without any is scalar code on
/// x86: give -march=haswell or later, or link asyndgan::compiled.
template <class T>
[[nodiscard]] ProductShape product_shape();
template <class T>
void multiply(const PixelProduct<T>& product);
template <class T>
void multiply(const WeightProduct<T>& product);
template <class T>
void multiply(const DotProduct<T>& product);

}  // namespace asyndgan::kernels::cpu

#ifdef ASYNDGAN_COMPILED  // src/compiled/gemm.cpp

namespace asyndgan::kernels::cpu {
template <>
ProductShape product_shape<float>();
template <>
ProductShape product_shape<double>();
template <>
void multiply(const PixelProduct<float>& product);
template <>
void multiply(const PixelProduct<double>& product);
template <>
void multiply(const WeightProduct<float>& product);
template <>
void multiply(const WeightProduct<double>& product);
template <>
void multiply(const DotProduct<float>& product);
template <>
void multiply(const DotProduct<double>& product);
}  // namespace asyndgan::kernels::cpu

#else

#include "asyndgan/kernels/cpu/gemm-inl.hpp"

namespace asyndgan::kernels::cpu {
template <class T>
ProductShape product_shape() {
  return HWY_NAMESPACE::shape_of<T>();
}
template <class T>
void multiply(const PixelProduct<T>& product) {
  HWY_NAMESPACE::multiply_pixels(product);
}
template <class T>
void multiply(const WeightProduct<T>& product) {
  HWY_NAMESPACE::multiply_weights(product);
}
template <class T>
void multiply(const DotProduct<T>& product) {
  HWY_NAMESPACE::multiply_dots(product);
}
}  // namespace asyndgan::kernels::cpu

#endif
