// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <string>
#include <utility>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/core/tensor.hpp"

namespace asyndgan::layers {

/// How a forward pass is run. A layer that behaves the same always ignores it.
struct Pass {
  bool training = true;  // batch statistics, and running statistics updated; else running ones
  bool dropout = true;   // AsynDGAN keeps it on when it synthesises: it is the noise of G
  random::Key key{};     // of the dropout masks; each Dropout layer adds its own number

  [[nodiscard]] static Pass evaluation() { return {.training = false, .dropout = false}; }
};

/// Which gradients a backward pass computes.
enum class Wanted {
  all,
  input,       // through a frozen network: parameters are left alone
  parameters,  // of a first layer: dL/dinput is not computed, the result is empty
};

/// A differentiable function with parameters.
///
/// Requires  backward() gets the `saved` of a forward() of the same layer, and a d_output of
///           that output's shape.
/// Ensures   forward() fills `saved`, which the caller owns, so that several passes can be in
///           flight; backward() adds to the gradients of the parameters and returns
///           dL/dinput; collect() appends parameters and buffers under `prefix`.
/// Errors    ShapeError.
/// Threads   forward() and backward() of one layer from one thread at a time.
///
/// Models    every class in layers/ and networks/.
template <class L, class T = typename L::Scalar, class D = typename L::Place>
concept Layer = std::movable<L> && std::default_initializable<typename L::Saved> &&
    requires(L& layer, const L& constant, Tensor<T, D> x, typename L::Saved& saved,
             const typename L::Saved& filled, const Pass& pass, Wanted wanted,
             const std::string& prefix, State<T, D>& state) {
  { constant.output_shape(x.shape()) } -> std::same_as<Shape>;
  { layer.forward(std::move(x), saved, pass) } -> std::same_as<Tensor<T, D>>;
  { layer.backward(x, filled, wanted) } -> std::same_as<Tensor<T, D>>;
  { layer.collect(prefix, state) } -> std::same_as<void>;
};

}  // namespace asyndgan::layers
