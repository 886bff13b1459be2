// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

#include "asyndgan/core/random.hpp"
#include "asyndgan/core/tensor.hpp"

namespace asyndgan::test {

/// Devices that a test typed over `TEMPLATE_LIST_TEST_CASE` runs on.
using Devices = std::tuple<Cpu>;

/// Uniform in [-1, 1), from its own stream per seed.
template <std::floating_point T, Device D>
void fill_uniform(Tensor<T, D>& tensor, std::uint64_t seed) {
  const random::Stream stream({.seed = seed, .purpose = random::Purpose::test});
  std::vector<T> values(tensor.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<T>(2.0 * stream.uniform(i) - 1.0);
  }
  tensor = Tensor<T, D>::from_host(tensor.shape(), values);
}

template <std::floating_point T, Device D = Cpu>
[[nodiscard]] Tensor<T, D> uniform(const Shape& shape, std::uint64_t seed) {
  Tensor<T, D> tensor(shape);
  fill_uniform(tensor, seed);
  return tensor;
}

/// Sum over all elements of a * b, in double.
template <std::floating_point T, Device D>
[[nodiscard]] double dot(const Tensor<T, D>& a, const Tensor<T, D>& b) {
  require_shape(a.shape(), b.shape(), "dot: second operand");
  const auto x = a.to_host();
  const auto y = b.to_host();
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  }
  return sum;
}

/// max |a - b| / max |b|; infinity where a value is NaN or infinite, so that no comparison
/// with a tolerance passes by accident. Two zero arrays agree: 0.
template <class A, class B>
[[nodiscard]] double relative_error(std::span<const A> actual, std::span<const B> expected) {
  if (actual.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double difference = 0;
  double scale = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const auto a = static_cast<double>(actual[i]);
    const auto b = static_cast<double>(expected[i]);
    if (!std::isfinite(a) || !std::isfinite(b)) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(a - b));
    scale = std::max(scale, std::abs(b));
  }
  return difference == 0 ? 0 : difference / std::max(scale, std::numeric_limits<double>::min());
}

template <std::floating_point T, std::floating_point U, Device D>
[[nodiscard]] double relative_error(const Tensor<T, D>& actual, const Tensor<U, D>& expected) {
  if (actual.shape() != expected.shape()) return std::numeric_limits<double>::infinity();
  const auto a = actual.to_host();
  const auto b = expected.to_host();
  return relative_error(std::span<const T>(a), std::span<const U>(b));
}

/// Numerical dL/dx by central differences: (L(x + h) - L(x - h)) / 2h for each element.
/// `loss` is called with `x` changed in place; x has its values back afterwards.
///
/// Use it in double. For a loss that is linear in x the only error is rounding, about 1e-11
/// relative at the default step; a smooth loss adds a term of order h^2.
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> central_difference(const std::function<double()>& loss, Tensor<T, D>& x,
                                              double step = 1e-4) {
  const auto original = x.to_host();
  auto changed = original;
  std::vector<T> gradient(original.size());
  for (std::size_t i = 0; i < original.size(); ++i) {
    changed[i] = static_cast<T>(original[i] + step);
    x = Tensor<T, D>::from_host(x.shape(), changed);
    const double above = loss();
    changed[i] = static_cast<T>(original[i] - step);
    x = Tensor<T, D>::from_host(x.shape(), changed);
    const double below = loss();
    changed[i] = original[i];
    gradient[i] = static_cast<T>((above - below) / (2 * step));
  }
  x = Tensor<T, D>::from_host(x.shape(), original);
  return Tensor<T, D>::from_host(x.shape(), gradient);
}

}  // namespace asyndgan::test
