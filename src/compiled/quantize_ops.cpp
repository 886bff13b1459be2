// SPDX-License-Identifier: Apache-2.0
// The loops of kernels/cpu/quantize_ops.hpp for scalar code, SSE4, AVX2 and AVX-512, chosen when
// first called.

// Left out as in gemm.cpp: sets that add nothing here, and vectors of unknown length.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "asyndgan/kernels/cpu/quantize_ops-inl.hpp"
#include <hwy/foreach_target.h>

// The instruction set that the compiler's flags name comes last.
#include "asyndgan/kernels/cpu/quantize_ops-inl.hpp"
#include "asyndgan/kernels/cpu/quantize_ops.hpp"

#if HWY_ONCE
namespace asyndgan::kernels::cpu {

HWY_EXPORT(quantize_table);

const QuantizeOps& quantize_ops() { return *HWY_DYNAMIC_DISPATCH(quantize_table)(); }

}  // namespace asyndgan::kernels::cpu
#endif
