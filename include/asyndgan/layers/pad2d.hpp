// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/pad.hpp"
#include "asyndgan/layers/layer.hpp"

namespace asyndgan::layers {

/// Adds pixels on every side: zeros, or the mirror image without the border pixel itself.
///
/// Shapes  input (N, C, H, W), output (N, C, H + 2*amount, W + 2*amount).
template <std::floating_point T, Device D = Cpu>
class Pad2d {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    int amount;  // pixels
    kernels::PaddingMode mode = kernels::PaddingMode::zero;
  };
  struct Saved {
    Shape input;
  };

  /// Throws ContractViolation on a negative amount.
  explicit Pad2d(const Options& options) : options_(options) {
    if (options.amount < 0) {
      throw ContractViolation("Pad2d: negative amount " + std::to_string(options.amount));
    }
  }

  /// Throws ShapeError if the input is too small to be reflected.
  [[nodiscard]] Shape output_shape(const Shape& input) const {
    return kernels::pad_shape(input, options_.amount, options_.mode);
  }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved,
                                     const Pass& /*pass*/ = {}) const {
    saved.input = input.shape();
    auto output = Tensor<T, D>::uninitialized(output_shape(input.shape()));
    kernels::pad_forward(input, options_.amount, options_.mode, output);
    return output;
  }

  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) const {
    require_shape(d_output.shape(), output_shape(saved.input), "Pad2d: d_output");
    if (wanted == Wanted::parameters) return {};
    auto d_input = Tensor<T, D>::uninitialized(saved.input);
    kernels::pad_backward(d_output, options_.amount, options_.mode, d_input);
    return d_input;
  }

  void collect(const std::string& /*prefix*/, State<T, D>& /*state*/) const {}

 private:
  Options options_;
};
static_assert(Layer<Pad2d<float, Cpu>>);

}  // namespace asyndgan::layers
