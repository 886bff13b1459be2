// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>
#include <utility>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/activation.hpp"
#include "asyndgan/layers/layer.hpp"

namespace asyndgan::layers {

/// max(x, slope * x). The input's memory becomes the output's; Saved is a byte an element.
template <std::floating_point T, Device D = Cpu>
class LeakyRelu {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    double slope = 0.2;  // below 0; in [0, 1)
  };
  struct Saved {
    Shape shape;
    kernels::Mask<D> open;  // where the input was above 0
  };

  /// Throws ContractViolation on a slope outside [0, 1).
  explicit LeakyRelu(const Options& options = {}) : options_(options) {
    if (!(options.slope >= 0 && options.slope < 1)) {
      throw ContractViolation("LeakyRelu: slope " + std::to_string(options.slope) +
                              " is not in [0, 1)");
    }
  }

  [[nodiscard]] Shape output_shape(const Shape& input) const { return input; }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved,
                                     const Pass& /*pass*/ = {}) const {
    saved.shape = input.shape();
    kernels::rectify_forward(static_cast<T>(options_.slope), input, saved.open);
    return input;
  }

  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) const {
    require_shape(d_output.shape(), saved.shape, "LeakyRelu: d_output");
    if (wanted == Wanted::parameters) return {};
    auto d_input = Tensor<T, D>::uninitialized(saved.shape);
    kernels::rectify_backward(d_output, static_cast<T>(options_.slope), saved.open, d_input);
    return d_input;
  }

  void collect(const std::string& /*prefix*/, State<T, D>& /*state*/) const {}

 private:
  Options options_;
};
static_assert(Layer<LeakyRelu<float, Cpu>>);

/// max(x, 0).
template <std::floating_point T, Device D = Cpu>
class Relu : public LeakyRelu<T, D> {
 public:
  struct Options {};

  explicit Relu(const Options& /*options*/ = {}) : LeakyRelu<T, D>({.slope = 0}) {}
};
static_assert(Layer<Relu<float, Cpu>>);

namespace detail {
/// An element-wise function whose derivative is a function of its output, which Saved keeps.
/// `Function` has static forward(x), in place, and backward(d_output, output, d_input).
template <std::floating_point T, Device D, class Function>
class Smooth {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {};
  struct Saved {
    Tensor<T, D> output;
  };

  [[nodiscard]] Shape output_shape(const Shape& input) const { return input; }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved,
                                     const Pass& /*pass*/ = {}) const {
    Function::forward(input);
    saved.output = input;
    return input;
  }

  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) const {
    require_shape(d_output.shape(), saved.output.shape(), Function::kGradientName);
    if (wanted == Wanted::parameters) return {};
    auto d_input = Tensor<T, D>::uninitialized(d_output.shape());
    Function::backward(d_output, saved.output, d_input);
    return d_input;
  }

  void collect(const std::string& /*prefix*/, State<T, D>& /*state*/) const {}
};

template <std::floating_point T, Device D>
struct TanhFunction {
  static constexpr const char* kGradientName = "Tanh: d_output";
  static void forward(Tensor<T, D>& x) { kernels::tanh_forward(x); }
  static void backward(const Tensor<T, D>& d_output, const Tensor<T, D>& output,
                       Tensor<T, D>& d_input) {
    kernels::tanh_backward(d_output, output, d_input);
  }
};

template <std::floating_point T, Device D>
struct SigmoidFunction {
  static constexpr const char* kGradientName = "Sigmoid: d_output";
  static void forward(Tensor<T, D>& x) { kernels::sigmoid_forward(x); }
  static void backward(const Tensor<T, D>& d_output, const Tensor<T, D>& output,
                       Tensor<T, D>& d_input) {
    kernels::sigmoid_backward(d_output, output, d_input);
  }
};
}  // namespace detail

/// tanh(x).
template <std::floating_point T, Device D = Cpu>
class Tanh : public detail::Smooth<T, D, detail::TanhFunction<T, D>> {};
static_assert(Layer<Tanh<float, Cpu>>);

/// 1 / (1 + exp(-x)).
template <std::floating_point T, Device D = Cpu>
class Sigmoid : public detail::Smooth<T, D, detail::SigmoidFunction<T, D>> {};
static_assert(Layer<Sigmoid<float, Cpu>>);

}  // namespace asyndgan::layers
