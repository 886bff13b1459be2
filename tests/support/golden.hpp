// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/safetensors.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/layer.hpp"
#include "support/gradient_check.hpp"

/// Vectors recorded from PyTorch (tests/oracle), and the numbers they were recorded with:
/// portable.py is the same in Python.
namespace asyndgan::test::golden {

/// Number `index` of the sequence called `name`, in [-1, 1) and exact in double: FNV-1a of the
/// name seeds SplitMix64.
class Numbers {
 public:
  explicit Numbers(std::string_view name) {
    for (const char letter : name) {
      seed_ = (seed_ ^ static_cast<unsigned char>(letter)) * 0x100000001B3;
    }
  }
  [[nodiscard]] double operator()(std::size_t index) const {
    std::uint64_t z = seed_ + (static_cast<std::uint64_t>(index) + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z = z ^ (z >> 31);
    return static_cast<double>(z >> 11) * 0x1p-52 - 1.0;
  }

 private:
  std::uint64_t seed_ = 0xCBF29CE484222325;
};

/// scale * numbers + offset, rounded to T.
template <std::floating_point T, Device D = Cpu>
[[nodiscard]] Tensor<T, D> tensor(const std::string& name, const Shape& shape, double scale = 1,
                                  double offset = 0) {
  const Numbers numbers(name);
  std::vector<T> values(shape.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<T>(numbers(i) * scale + offset);
  }
  return Tensor<T, D>::from_host(shape, values);
}

/// Gives every parameter and buffer the value that portable.parameter() gave it.
template <std::floating_point T, Device D>
void fill(State<T, D>& state) {
  for (auto& [name, parameter] : state.parameters) {
    const Shape shape = parameter->value.shape();
    if (parameter->rank > 1) {
      parameter->value =
          tensor<T, D>(name, shape, 2 / std::sqrt(static_cast<double>(shape.image())));
    } else {
      parameter->value = tensor<T, D>(name, shape, 0.5, name.ends_with(".weight") ? 1.0 : 0.0);
    }
  }
  for (auto& [name, buffer] : state.buffers) {
    *buffer = tensor<T, D>(name, buffer->shape(), 0.5, name.ends_with("running_var") ? 1.0 : 0.0);
  }
}

/// One recorded file, and how far what is compared with it has been off so far.
class Recording {
 public:
  /// "operations" for tests/integration/golden/operations.safetensors
  explicit Recording(const std::string& name)
      : file_(safetensors::File::read(std::string(ASYNDGAN_TEST_SOURCE_DIR) +
                                      "/integration/golden/" + name + ".safetensors")) {}

  [[nodiscard]] const safetensors::File& file() const { return file_; }
  [[nodiscard]] double number(const std::string& name) const {
    return file_.values<double>(name).at(0);
  }

  /// max |actual - recorded| / max |recorded|. Where the recorded tensor is zero but for rounding
  /// (the gradient of a bias in front of a norm), the difference itself.
  template <std::floating_point T, Device D>
  [[nodiscard]] double error(const std::string& name, const Tensor<T, D>& actual) const {
    const std::vector<double> expected = file_.values<double>(name);
    const std::vector<T> values = actual.to_host();
    double largest = 0;
    for (const double value : expected) largest = std::max(largest, std::abs(value));
    constexpr double kRounding = 1e-12;
    if (largest > kRounding) {
      return relative_error(std::span<const T>(values), std::span<const double>(expected));
    }
    double difference = values.size() == expected.size() ? 0 : 1;
    for (const T value : values) {
      difference = std::max(difference, std::isfinite(value) ? std::abs(double(value)) : 1);
    }
    return difference;
  }

 private:
  safetensors::File file_;
};

/// Largest error of a layer's or network's output, gradients and buffers in one pass, against what
/// record_pass() in portable.py recorded as `name`.
template <layers::Layer L>
[[nodiscard]] double pass_error(const Recording& recording, const std::string& name, L layer,
                                const Shape& shape, layers::Pass pass = {}) {
  using T = typename L::Scalar;
  using D = typename L::Place;
  pass.dropout = false;
  State<T, D> state;
  layer.collect(name, state);
  fill(state);
  typename L::Saved saved;
  const auto output = layer.forward(tensor<T, D>(name + ".input", shape), saved, pass);
  const auto d_input = layer.backward(tensor<T, D>(name + ".d_output", output.shape()), saved);
  double worst = std::max(recording.error(name + ".output", output),
                          recording.error(name + ".d_input", d_input));
  for (const auto& [parameter_name, parameter] : state.parameters) {
    worst = std::max(worst, recording.error(parameter_name + ".grad", parameter->grad));
  }
  for (const auto& [buffer_name, buffer] : state.buffers) {
    worst = std::max(worst, recording.error(buffer_name, *buffer));
  }
  return worst;
}

}  // namespace asyndgan::test::golden
