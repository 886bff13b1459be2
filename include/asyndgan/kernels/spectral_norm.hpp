// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

#include "asyndgan/core/tensor.hpp"

namespace asyndgan::kernels {

/// Spectral normalisation of one device: static power_iteration, gain, divide and backward with
/// the contracts of the functions below.
template <std::floating_point T, Device D>
struct SpectralNormKernel;

/// One step towards the first singular vectors of `weight`, read as an F x (C*K*K) matrix W:
/// v = W^T u / |W^T u|, then u = W v / |W v|.
/// Shapes  weight (F, C, K, K), u (1, F, 1, 1), v (1, C*K*K, 1, 1)
template <std::floating_point T, Device D>
void spectral_power_iteration(const Tensor<T, D>& weight, Tensor<T, D>& u, Tensor<T, D>& v) {
  SpectralNormKernel<T, D>::power_iteration(weight, u, v);
}

/// u^T W v: the largest singular value of W once the power iteration has converged.
template <std::floating_point T, Device D>
[[nodiscard]] double spectral_gain(const Tensor<T, D>& weight, const Tensor<T, D>& u,
                                   const Tensor<T, D>& v) {
  return SpectralNormKernel<T, D>::gain(weight, u, v);
}

/// `normalized` = weight / gain.
template <std::floating_point T, Device D>
void spectral_divide(const Tensor<T, D>& weight, double gain, Tensor<T, D>& normalized) {
  SpectralNormKernel<T, D>::divide(weight, gain, normalized);
}

/// Adds dL/dweight to d_weight, from `d_normalized` = dL/d(weight / gain). u and v are constants,
/// the gain u^T W v is not.
/// Source  Miyato et al. 2018, arXiv:1802.05957, equation 12.
template <std::floating_point T, Device D>
void spectral_backward(const Tensor<T, D>& d_normalized, const Tensor<T, D>& normalized,
                       const Tensor<T, D>& u, const Tensor<T, D>& v, double gain,
                       Tensor<T, D>& d_weight) {
  SpectralNormKernel<T, D>::backward(d_normalized, normalized, u, v, gain, d_weight);
}

/// Plain loops, sums in double: the weights of one layer are far smaller than its images.
template <std::floating_point T>
struct SpectralNormKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static constexpr double kEpsilon = 1e-12;  // torch.nn.functional.normalize's

  static void power_iteration(const Array& weight, Array& u, Array& v) {
    const Rows rows(weight);
    std::vector<double> sums(rows.width);
    for (std::size_t f = 0; f < rows.count; ++f) {
      for (std::size_t k = 0; k < rows.width; ++k) sums[k] += rows.at(f, k) * u.data()[f];
    }
    std::transform(sums.begin(), sums.end(), v.data(), [](double x) { return static_cast<T>(x); });
    normalize(v.values());
    for (std::size_t f = 0; f < rows.count; ++f) u.data()[f] = static_cast<T>(rows.dot(f, v));
    normalize(u.values());
  }

  static double gain(const Array& weight, const Array& u, const Array& v) {
    const Rows rows(weight);
    double sum = 0;
    for (std::size_t f = 0; f < rows.count; ++f) sum += u.data()[f] * rows.dot(f, v);
    return sum;
  }

  static void divide(const Array& weight, double gain, Array& normalized) {
    const double factor = 1 / gain;
    std::transform(weight.values().begin(), weight.values().end(), normalized.values().begin(),
                   [&](T value) { return static_cast<T>(value * factor); });
  }

  static void backward(const Array& d_normalized, const Array& normalized, const Array& u,
                       const Array& v, double gain, Array& d_weight) {
    double along = 0;  // <d_normalized, normalized>
    for (std::size_t i = 0; i < normalized.size(); ++i) {
      along += static_cast<double>(d_normalized.data()[i]) * normalized.data()[i];
    }
    const std::size_t width = v.size();
    for (std::size_t f = 0; f < u.size(); ++f) {
      for (std::size_t k = 0; k < width; ++k) {
        const std::size_t i = f * width + k;
        const double outer = along * u.data()[f] * v.data()[k];
        d_weight.data()[i] += static_cast<T>((d_normalized.data()[i] - outer) / gain);
      }
    }
  }

 private:
  struct Rows {
    explicit Rows(const Array& weight)
        : data(weight.data()),
          count(static_cast<std::size_t>(weight.shape().n)),
          width(weight.shape().image()) {}
    [[nodiscard]] double at(std::size_t f, std::size_t k) const { return data[f * width + k]; }
    [[nodiscard]] double dot(std::size_t f, const Array& v) const {
      double sum = 0;
      for (std::size_t k = 0; k < width; ++k) sum += at(f, k) * v.data()[k];
      return sum;
    }
    const T* data;
    std::size_t count;
    std::size_t width;
  };

  static void normalize(std::span<T> values) {
    double squares = 0;
    for (const T value : values) squares += static_cast<double>(value) * value;
    const double factor = 1 / std::max(std::sqrt(squares), kEpsilon);
    for (T& value : values) value = static_cast<T>(value * factor);
  }
};

}  // namespace asyndgan::kernels
