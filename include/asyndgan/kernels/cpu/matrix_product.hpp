// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace asyndgan::kernels::cpu {

/// sums(m, n) (+)= sum over k of left(m, k) * right(k, n).
struct MatrixProduct {
  const float* left;  // (m, k) at m * left_row + k * left_depth
  std::size_t left_row;
  std::size_t left_depth;
  const float* right;       // (k, n) at k * right_row + n, panel after panel
  std::size_t right_row;    // 0: the width of the panel, packed
  std::size_t right_panel;  // from panel to panel
  float* sums;
  std::size_t sums_row;
  std::size_t rows;
  std::size_t depth;
  std::size_t vectors;
  bool accumulate;
};

/// The product, for one instruction set.
struct MatrixOps {
  std::size_t lanes;  // scalars of a vector
  void (*multiply)(const MatrixProduct&);
};
[[nodiscard]] const MatrixOps& matrix_ops();

}  // namespace asyndgan::kernels::cpu
