// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/core/tensor.hpp"

namespace asyndgan::layers {

enum class InitializationKind {
  normal,      // N(0, gain)
  xavier,      // N(0, gain * sqrt(2 / (fan in + fan out)))
  kaiming,     // N(0, sqrt(2 / fan in)), gain unused
  orthogonal,  // gain times a matrix with orthonormal rows, or columns if there are fewer
};

/// How a network's weights begin. The default is the papers'.
struct Initialization {
  InitializationKind kind = InitializationKind::normal;
  double gain = 0.02;
};

namespace detail {
/// FNV-1a, 64 bits: which numbers a tensor gets depends on its name, not on its turn.
[[nodiscard]] constexpr std::uint64_t hash(std::string_view name) {
  std::uint64_t value = 0xCBF29CE484222325;
  for (const char letter : name) {
    value = (value ^ static_cast<unsigned char>(letter)) * 0x100000001B3;
  }
  return value;
}

/// Normal numbers of the tensor called `name`.
[[nodiscard]] inline std::vector<double> normals(std::size_t count, std::string_view name,
                                                 random::Key key) {
  key.seed ^= hash(name);
  key.purpose = random::Purpose::initialize;
  const random::Stream stream(key);
  std::vector<double> values(count);
  constexpr std::size_t kGrain = 4096;
  parallel_blocks(count, kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) values[i] = stream.normal(i);
  });
  return values;
}

/// Makes the rows of a (rows, columns) matrix, rows <= columns, orthonormal in place: modified
/// Gram-Schmidt, which for normal numbers is as orthogonal as rounding times the matrix's
/// condition allows (1e-12 measured for 512 x 512).
inline void orthonormalize_rows(std::vector<double>& matrix, std::size_t rows,
                                std::size_t columns) {
  for (std::size_t r = 0; r < rows; ++r) {
    double* const pivot = matrix.data() + r * columns;
    double squares = 0;
    for (std::size_t k = 0; k < columns; ++k) squares += pivot[k] * pivot[k];
    const double inverse = 1 / std::sqrt(squares);
    for (std::size_t k = 0; k < columns; ++k) pivot[k] *= inverse;
    parallel_for(rows - r - 1, [&](std::size_t i) {
      double* const row = matrix.data() + (r + 1 + i) * columns;
      double along = 0;
      for (std::size_t k = 0; k < columns; ++k) along += row[k] * pivot[k];
      for (std::size_t k = 0; k < columns; ++k) row[k] -= along * pivot[k];
    });
  }
}

/// `values`, a (rows, columns) matrix of normal numbers, made orthogonal.
[[nodiscard]] inline std::vector<double> orthogonal(std::vector<double> values, std::size_t rows,
                                                    std::size_t columns) {
  if (rows <= columns) {
    orthonormalize_rows(values, rows, columns);
    return values;
  }
  orthonormalize_rows(values, columns, rows);  // read as the transposed matrix
  std::vector<double> transposed(values.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      transposed[r * columns + c] = values[c * rows + r];
    }
  }
  return transposed;
}

/// A convolution weight, (F, C, K, K) or transposed (C, F, K, K). As PyTorch does for both, fan
/// in counts the second extent and fan out the first.
[[nodiscard]] inline std::vector<double> initial_weight(const Shape& shape, std::string_view name,
                                                        const Initialization& how,
                                                        const random::Key& key) {
  std::vector<double> values = normals(shape.size(), name, key);
  const double fan_in = static_cast<double>(shape.image());
  const double fan_out = static_cast<double>(shape.n) * static_cast<double>(shape.plane());
  double factor = how.gain;
  switch (how.kind) {
    case InitializationKind::normal:
      break;
    case InitializationKind::xavier:
      factor = how.gain * std::sqrt(2 / (fan_in + fan_out));
      break;
    case InitializationKind::kaiming:
      factor = std::sqrt(2 / fan_in);
      break;
    case InitializationKind::orthogonal:
      values = orthogonal(std::move(values), static_cast<std::size_t>(shape.n), shape.image());
      break;
  }
  for (double& value : values) value *= factor;
  return values;
}
}  // namespace detail

/// Fills every parameter of `state` as the papers' code does: convolution weights by `how`,
/// biases 0, weights of a norm N(1, 0.02). A tensor's numbers depend on key and name alone, so
/// the order of the layers, or a layer more, changes no other.
///
/// Source  Zhu et al. 2017 (arXiv:1703.10593), section 7.1, for N(0, 0.02); Glorot & Bengio 2010;
///         He et al. 2015, arXiv:1502.01852; Saxe et al. 2014, arXiv:1312.6120.
template <std::floating_point T, Device D>
void initialize(State<T, D>& state, const Initialization& how, const random::Key& key) {
  constexpr double kNormDeviation = 0.02;
  for (auto& [name, parameter] : state.parameters) {
    const Shape& shape = parameter->value.shape();
    std::vector<double> values(shape.size(), 0.0);
    if (parameter->rank > 1) {
      values = detail::initial_weight(shape, name, how, key);
    } else if (name.ends_with("weight")) {
      values = detail::normals(shape.size(), name, key);
      for (double& value : values) value = 1 + kNormDeviation * value;
    }
    std::vector<T> rounded(values.size());
    std::transform(values.begin(), values.end(), rounded.begin(),
                   [](double value) { return static_cast<T>(value); });
    parameter->value = Tensor<T, D>::from_host(shape, rounded);
  }
}

#ifdef ASYNDGAN_COMPILED
extern template void initialize(State<float, Cpu>&, const Initialization&, const random::Key&);
#endif

}  // namespace asyndgan::layers
