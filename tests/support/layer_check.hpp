// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/layer.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::test {

/// The largest relative error of the layer's gradients, dL/dinput and one per parameter, against
/// central differences of L = <d_output, forward(input)> with a random d_output.
///
/// Use it for your own layers: in double, on odd sizes. A layer must give the same output when
/// it is called again with the same pass.
template <class L, class T = typename L::Scalar, class D = typename L::Place>
[[nodiscard]] double gradient_error(L& layer, Tensor<T, D> input, const layers::Pass& pass = {},
                                    double step = 1e-5) {
  const auto d_output = uniform<T, D>(layer.output_shape(input.shape()), /*seed=*/9001);
  State<T, D> state;
  layer.collect("layer", state);
  state.zero_gradients();

  typename L::Saved saved;
  (void)layer.forward(input, saved, pass);
  const auto d_input = layer.backward(d_output, saved);

  const auto loss = [&] {
    typename L::Saved unused;
    return dot(d_output, layer.forward(input, unused, pass));
  };
  double worst = relative_error(d_input, central_difference(loss, input, step));
  for (auto& [name, parameter] : state.parameters) {
    const auto expected = central_difference(loss, parameter->value, step);
    worst = std::max(worst, relative_error(parameter->grad, expected));
  }
  return worst;
}

/// Whether run() returns the same bits on 1, 2 and 3 threads.
template <class F>
[[nodiscard]] bool same_on_any_thread_count(const F& run) {
  set_thread_count(1);
  const auto alone = run();
  bool same = true;
  for (const int threads : {2, 3}) {
    set_thread_count(threads);
    same = same && run() == alone;
  }
  set_thread_count(2);
  return same;
}

/// The output, dL/dinput and parameter gradients of one training pass, one after another.
template <class L, class T = typename L::Scalar, class D = typename L::Place>
[[nodiscard]] std::vector<T> everything_of_a_pass(L layer, const Shape& shape,
                                                  const layers::Pass& pass = {}) {
  State<T, D> state;
  layer.collect("layer", state);
  typename L::Saved saved;
  const auto output = layer.forward(uniform<T, D>(shape, 1), saved, pass);
  std::vector<T> values = output.to_host();
  const auto append = [&](const Tensor<T, D>& tensor) {
    const auto more = tensor.to_host();
    values.insert(values.end(), more.begin(), more.end());
  };
  append(layer.backward(uniform<T, D>(output.shape(), 2), saved));
  for (auto& [name, parameter] : state.parameters) append(parameter->grad);
  for (auto& [name, tensor] : state.buffers) append(*tensor);
  return values;
}

}  // namespace asyndgan::test
