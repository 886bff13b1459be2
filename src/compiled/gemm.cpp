// SPDX-License-Identifier: Apache-2.0
// The products of kernels/cpu/gemm.hpp for scalar code, SSE4, AVX2 and AVX-512, chosen when first
// called.

// Left out: SSSE3 and AVX3_DL, which add nothing to the sets before them here, and vectors whose
// length the compiler does not know.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "asyndgan/kernels/cpu/gemm-inl.hpp"
#include <hwy/foreach_target.h>

// The instruction set that the compiler's flags name comes last.
#include "asyndgan/kernels/cpu/gemm-inl.hpp"
#include "asyndgan/kernels/cpu/gemm.hpp"

#if HWY_ONCE
namespace asyndgan::kernels::cpu {

HWY_EXPORT(shape_float);
HWY_EXPORT(shape_double);
HWY_EXPORT(pixels_float);
HWY_EXPORT(pixels_double);
HWY_EXPORT(weights_float);
HWY_EXPORT(weights_double);
HWY_EXPORT(dots_float);
HWY_EXPORT(dots_double);

template <>
ProductShape product_shape<float>() {
  return HWY_DYNAMIC_DISPATCH(shape_float)();
}
template <>
ProductShape product_shape<double>() {
  return HWY_DYNAMIC_DISPATCH(shape_double)();
}
template <>
void multiply(const PixelProduct<float>& product) {
  HWY_DYNAMIC_DISPATCH(pixels_float)(product);
}
template <>
void multiply(const PixelProduct<double>& product) {
  HWY_DYNAMIC_DISPATCH(pixels_double)(product);
}
template <>
void multiply(const WeightProduct<float>& product) {
  HWY_DYNAMIC_DISPATCH(weights_float)(product);
}
template <>
void multiply(const WeightProduct<double>& product) {
  HWY_DYNAMIC_DISPATCH(weights_double)(product);
}
template <>
void multiply(const DotProduct<float>& product) {
  HWY_DYNAMIC_DISPATCH(dots_float)(product);
}
template <>
void multiply(const DotProduct<double>& product) {
  HWY_DYNAMIC_DISPATCH(dots_double)(product);
}

}  // namespace asyndgan::kernels::cpu
#endif
