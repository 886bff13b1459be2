// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "asyndgan/layers/layer.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::test {

/// Largest relative error of a convolution layer's three gradients against central differences of
/// L = <d_output, forward(input)>.
template <class Layer>
[[nodiscard]] double conv_gradient_error(Layer& layer, const Shape& shape) {
  using Array = Tensor<typename Layer::Scalar, typename Layer::Place>;
  fill_uniform(layer.weight().value, /*seed=*/1);
  fill_uniform(layer.bias().value, /*seed=*/2);
  auto input = uniform<typename Layer::Scalar, typename Layer::Place>(shape, /*seed=*/3);
  Array d_output(layer.output_shape(shape));
  fill_uniform(d_output, /*seed=*/4);

  const layers::Pass pass{.training = false};  // no power iteration between evaluations
  typename Layer::Saved saved;
  (void)layer.forward(input, saved, pass);
  const Array d_input = layer.backward(d_output, saved);

  const auto loss = [&] {
    typename Layer::Saved unused;
    return dot(d_output, layer.forward(input, unused, pass));
  };
  double error = relative_error(d_input, central_difference(loss, input));
  for (auto* parameter : {&layer.weight(), &layer.bias()}) {
    const Array numerical = central_difference(loss, parameter->value);
    error = std::max(error, relative_error(parameter->grad, numerical));
  }
  return error;
}

}  // namespace asyndgan::test
