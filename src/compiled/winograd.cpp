// SPDX-License-Identifier: Apache-2.0
// The transforms and products of kernels/cpu/winograd.hpp for scalar code, SSE4, AVX2 and AVX-512,
// chosen when first called.

// Left out as in gemm.cpp.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "asyndgan/kernels/cpu/winograd-inl.hpp"
#include <hwy/foreach_target.h>

// The instruction set that the compiler's flags name comes last.
#include "asyndgan/kernels/cpu/winograd-inl.hpp"

#if HWY_ONCE
#include "asyndgan/kernels/cpu/impl/few_pixels.hpp"
#include "asyndgan/kernels/cpu/impl/winograd.hpp"

namespace asyndgan::kernels::cpu {

HWY_EXPORT(matrix_ops_of);
HWY_EXPORT(ops_of);

const MatrixOps& matrix_ops() { return *HWY_DYNAMIC_DISPATCH(matrix_ops_of)(); }

const WinogradOps& winograd_ops(const TileForm& form) {
  return *HWY_DYNAMIC_DISPATCH(ops_of)(form);
}

}  // namespace asyndgan::kernels::cpu
#endif
