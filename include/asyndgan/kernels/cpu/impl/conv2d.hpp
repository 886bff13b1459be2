// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of kernels/cpu/conv2d.hpp.

#include <array>
#include <concepts>
#include <cstddef>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/cpu/conv2d.hpp"
#include "asyndgan/kernels/cpu/correlate.hpp"
#include "asyndgan/kernels/cpu/tap_plan.hpp"
#include "asyndgan/kernels/cpu/weight_gradient.hpp"

namespace asyndgan::kernels::cpu {

template <std::floating_point T>
void DirectConv2d<T>::forward(const Array& input, const Array& weight, const Array& bias,
                              const ConvGeometry& g, Array& output) {
  const TapPlan plan = forward_plan(g, output.shape());
  const std::size_t taps = weight.shape().plane();
  Correlation<T>(input, weight, {.row = weight.shape().image(), .channel = taps}, bias, plan,
                 output)
      .run();
}

template <std::floating_point T>
void DirectConv2d<T>::backward_input(const Array& d_output, const Array& weight, const Array& bias,
                                     const ConvGeometry& g, Array& d_input) {
  const TapPlan plan = adjoint_plan(g, d_input.shape());
  const std::size_t taps = weight.shape().plane();
  Correlation<T>(d_output, weight, {.row = taps, .channel = weight.shape().image()}, bias, plan,
                 d_input)
      .run();
}

template <std::floating_point T>
void DirectConv2d<T>::backward_weight(const Array& input, const Array& d_output,
                                      const ConvGeometry& g, Array& d_weight) {
  const TapPlan plan = forward_plan(g, d_output.shape());
  WeightGradient<T>(input, d_output, plan, d_weight).run();
}

template <std::floating_point T>
void DirectConv2d<T>::backward_bias(const Array& d_output, Array& d_bias) {
  const Shape& shape = d_output.shape();
  parallel_for(static_cast<std::size_t>(shape.c), [&](std::size_t f) {
    std::array<double, 8> sums{};  // eight chains, which the compiler keeps in vectors
    for (int n = 0; n < shape.n; ++n) {
      const T* plane = &d_output(n, static_cast<int>(f), 0, 0);
      std::size_t i = 0;
      for (; i + sums.size() <= shape.plane(); i += sums.size()) {
        for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += plane[i + k];
      }
      for (; i < shape.plane(); ++i) sums[0] += plane[i];
    }
    double total = 0;
    for (const double sum : sums) total += sum;
    d_bias.data()[f] += static_cast<T>(total);
  });
}

}  // namespace asyndgan::kernels::cpu
