// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/max_pool2d.hpp"
#include "asyndgan/layers/layer.hpp"

namespace asyndgan::layers {

/// The largest value of every window; pixels that no whole window covers are left out.
///
/// Shapes  input (N, C, H, W), output (N, C, H', W') with H' = (H - K) / stride + 1.
template <std::floating_point T, Device D = Cpu>
class MaxPool2d {
 public:
  using Scalar = T;
  using Place = D;

  using Options = kernels::PoolGeometry;
  struct Saved {
    Shape input;
    kernels::Winners<D> winners;
  };

  explicit MaxPool2d(const Options& options = {}) : options_(options) {}

  /// Throws ShapeError if the window is larger than the input.
  [[nodiscard]] Shape output_shape(const Shape& input) const {
    return kernels::max_pool2d_shape(input, options_);
  }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved,
                                     const Pass& /*pass*/ = {}) const {
    saved.input = input.shape();
    auto output = Tensor<T, D>::uninitialized(output_shape(input.shape()));
    kernels::max_pool2d_forward(input, options_, saved.winners, output);
    return output;
  }

  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) const {
    require_shape(d_output.shape(), output_shape(saved.input), "MaxPool2d: d_output");
    if (wanted == Wanted::parameters) return {};
    auto d_input = Tensor<T, D>::uninitialized(saved.input);
    kernels::max_pool2d_backward(d_output, options_, saved.winners, d_input);
    return d_input;
  }

  void collect(const std::string& /*prefix*/, State<T, D>& /*state*/) const {}

 private:
  Options options_;
};
static_assert(Layer<MaxPool2d<float, Cpu>>);

}  // namespace asyndgan::layers
