// SPDX-License-Identifier: Apache-2.0
// No include guard: src/compiled/winograd.cpp includes this file once per instruction set.

#include <hwy/cache_control.h>
#include <hwy/highway.h>
#include <cstddef>

#include "asyndgan/kernels/cpu/matrix_product.hpp"

HWY_BEFORE_NAMESPACE();
namespace asyndgan::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr hn::ScalableTag<float> kVector{};
using Vector = hn::Vec<hn::ScalableTag<float>>;
constexpr std::size_t kWidth = hn::MaxLanes(kVector);

/// As in gemm-inl.hpp: 12 accumulators of 16 vector registers or 24 of 32.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_ARCH_ARM_A64
constexpr std::size_t kMostRows = 12;
#else
constexpr std::size_t kMostRows = 6;
#endif

/// Asks for `rows` rows of `width` scalars, that they be in the cache when they are needed.
HWY_INLINE void prefetch(const float* from, std::size_t row_step, std::size_t rows,
                         std::size_t width) {
  constexpr std::size_t kLine = 64 / sizeof(float);
  for (std::size_t r = 0; r < rows; ++r, from += row_step) {
    for (std::size_t i = 0; i < width; i += kLine) hwy::Prefetch(from + i);
  }
}

template <std::size_t kRows, std::size_t kVectors>
HWY_NOINLINE void product_block(const MatrixProduct& p, const float* HWY_RESTRICT left,
                                const float* HWY_RESTRICT right, std::size_t right_row,
                                float* HWY_RESTRICT sums) {
  prefetch(sums, p.sums_row, kRows, kVectors * kWidth);  // to be written
  Vector sum[kRows][kVectors];
  HWY_UNROLL(16) for (std::size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(2) for (std::size_t v = 0; v < kVectors; ++v) {
      sum[r][v] =
          p.accumulate ? hn::Load(kVector, sums + r * p.sums_row + v * kWidth) : hn::Zero(kVector);
    }
  }
  const std::size_t left_row = p.left_row;
  for (std::size_t k = 0; k < p.depth; ++k, left += p.left_depth, right += right_row) {
    Vector entry[kVectors];
    HWY_UNROLL(2)
    for (std::size_t v = 0; v < kVectors; ++v) entry[v] = hn::Load(kVector, right + v * kWidth);
    HWY_UNROLL(16) for (std::size_t r = 0; r < kRows; ++r) {
      const Vector factor = hn::Set(kVector, left[r * left_row]);
      HWY_UNROLL(2)
      for (std::size_t v = 0; v < kVectors; ++v)
        sum[r][v] = hn::MulAdd(factor, entry[v], sum[r][v]);
    }
  }
  HWY_UNROLL(16) for (std::size_t r = 0; r < kRows; ++r) {
    HWY_UNROLL(2) for (std::size_t v = 0; v < kVectors; ++v) {
      hn::Store(sum[r][v], kVector, sums + r * p.sums_row + v * kWidth);
    }
  }
}

template <std::size_t kVectors, std::size_t kRows>
void product_block_of(std::size_t rows, const MatrixProduct& p, const float* left,
                      const float* right, std::size_t right_row, float* sums) {
  if (rows == kRows) {
    product_block<kRows, kVectors>(p, left, right, right_row, sums);
  } else if constexpr (kRows > 1) {
    product_block_of<kVectors, kRows - 1>(rows, p, left, right, right_row, sums);
  }
}

/// `next` is the panel after this one, of which every block of rows asks for its share: the first
/// would else wait for all of it.
template <std::size_t kVectors>
void multiply_panel(const MatrixProduct& p, const float* right, const float* next, float* sums) {
  const std::size_t right_row = p.right_row == 0 ? kVectors * kWidth : p.right_row;
  const std::size_t blocks = (p.rows + kMostRows - 1) / kMostRows;
  std::size_t row = 0;
  for (std::size_t b = 0; b < blocks; ++b) {  // of nearly equal height
    const std::size_t rows = (p.rows - row + blocks - b - 1) / (blocks - b);
    if (next) {
      const std::size_t first = p.depth * b / blocks;
      prefetch(next + first * right_row, right_row, p.depth * (b + 1) / blocks - first,
               kVectors * kWidth);
    }
    product_block_of<kVectors, kMostRows>(rows, p, p.left + row * p.left_row, right, right_row,
                                          sums + row * p.sums_row);
    row += rows;
  }
}

inline void multiply_matrices(const MatrixProduct& p) {
  std::size_t v = 0;
  for (; v + 2 <= p.vectors; v += 2) {
    const float* right = p.right + v / 2 * p.right_panel;
    multiply_panel<2>(p, right, v + 4 <= p.vectors ? right + p.right_panel : nullptr,
                      p.sums + v * kWidth);
  }
  if (v < p.vectors) {
    multiply_panel<1>(p, p.right + v / 2 * p.right_panel, nullptr, p.sums + v * kWidth);
  }
}

inline const MatrixOps* matrix_ops_of() {
  static constexpr MatrixOps kOps{kWidth, multiply_matrices};
  return &kOps;
}

}  // namespace asyndgan::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
