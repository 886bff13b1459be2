// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <utility>

#include "asyndgan/core/tensor.hpp"

namespace asyndgan::kernels {

/// Element-wise arithmetic of one device: static fill, sum, scale and scale_and_add with the
/// contracts of the functions below. Specialised per device; cpu/elementwise.hpp holds the Cpu's.
template <std::floating_point T, Device D>
struct ElementwiseKernel;

/// Every element becomes `value`.
template <std::floating_point T, Device D>
void fill(Tensor<T, D>& x, T value) {
  ElementwiseKernel<T, D>::fill(x, value);
}

/// Sum of all elements, in double and in a fixed order.
template <std::floating_point T, Device D>
[[nodiscard]] double sum(const Tensor<T, D>& x) {
  return ElementwiseKernel<T, D>::sum(x);
}

/// y = a*y + b*x, of one shape. Throws ShapeError. The factors are rounded to T.
template <std::floating_point T, Device D>
void scale_and_add(double a, double b, const Tensor<T, D>& x, Tensor<T, D>& y) {
  require_shape(x.shape(), y.shape(), "scale_and_add: x");
  ElementwiseKernel<T, D>::scale_and_add(static_cast<T>(a), static_cast<T>(b), x, y);
}

/// a + b, in a's memory: move it in where it is not needed any more. Throws ShapeError.
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> add(Tensor<T, D> a, const Tensor<T, D>& b) {
  scale_and_add(1, 1, b, a);
  return a;
}

/// factor * x, in x's memory.
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> scale(Tensor<T, D> x, double factor) {
  ElementwiseKernel<T, D>::scale(static_cast<T>(factor), x);
  return x;
}

/// The definitions, for one value.
template <std::floating_point T>
struct ElementwiseReference {
  static T scale_and_add(T a, T b, T x, T y) { return a * y + b * x; }
};

}  // namespace asyndgan::kernels

#include "asyndgan/kernels/cpu/elementwise.hpp"  // IWYU pragma: export
