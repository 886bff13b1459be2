// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/elementwise.hpp"

namespace asyndgan::losses {

/// A loss and its gradient with respect to the first argument of the function that made it.
template <std::floating_point T, Device D = Cpu>
struct Loss {
  double value = 0;
  Tensor<T, D> gradient;
};

/// a + factor * b, of the same tensor. Throws ShapeError.
template <std::floating_point T, Device D>
[[nodiscard]] Loss<T, D> add(Loss<T, D> a, double factor, const Loss<T, D>& b) {
  kernels::scale_and_add(1, factor, b.gradient, a.gradient);
  a.value += factor * b.value;
  return a;
}

namespace detail {
/// A mean over no elements is not defined.
inline void require_elements(const Shape& shape, const char* who) {
  if (shape.size() == 0) throw ShapeError(std::string(who) + " of shape " + to_string(shape));
}
}  // namespace detail

}  // namespace asyndgan::losses
