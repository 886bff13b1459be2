// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/network.hpp"
#include "support/gradient_check.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::test {

/// Everything of a network under its checkpoint names.
template <networks::Network N>
[[nodiscard]] State<typename N::Scalar, typename N::Place> state_of(N& network) {
  State<typename N::Scalar, typename N::Place> state;
  network.collect("", state);
  return state;
}

/// Weights large enough that every layer matters; biases too, which initialize() sets to 0.
template <networks::Network N>
void fill_network(N& network, std::uint64_t seed = 1) {
  auto state = state_of(network);
  layers::initialize(state, {.kind = layers::InitializationKind::kaiming},
                     {.seed = seed, .purpose = random::Purpose::initialize});
  for (auto& [name, parameter] : state.parameters) {
    if (parameter->rank == 1 && name.ends_with("bias")) {
      fill_uniform(parameter->value, seed + layers::detail::hash(name));
    }
  }
}

/// What a network's backward passes are checked against: numerical derivatives of
/// L = <d_output, output> + sum of <d_feature, feature> along random directions, a few for the
/// input and for each parameter tensor. A wrong element shows in every direction.
template <networks::Network N>
class NetworkGradients {
 public:
  using T = typename N::Scalar;
  using D = typename N::Place;
  using Image = Tensor<T, D>;

  NetworkGradients(N& network, const Shape& input, const layers::Pass& pass)
      : network_(network),
        state_(state_of(network)),
        input_(uniform<T, D>(input, 11)),
        d_output_(uniform<T, D>(network.output_shape(input), 12)),
        pass_(pass) {}

  /// Largest |<gradient, v> - dL/dv| over tensors and directions v, relative to the largest
  /// |<gradient, v>| of the tensor, or to a thousandth of the largest of all where that is more:
  /// a bias in front of a norm has gradient 0, of which differences see only rounding.
  [[nodiscard]] double error(double step = 1e-5) {
    state_.zero_gradients();
    typename N::Saved saved;
    (void)network_.forward(input_, saved, pass_);
    set_feature_gradients(saved);
    const Image d_input = backward(saved);

    std::vector<Slopes> tensors{slopes(d_input, input_, step)};
    for (auto& [name, parameter] : state_.parameters) {
      tensors.push_back(slopes(parameter->grad, parameter->value, step));
    }
    double largest = 0;
    for (const Slopes& of : tensors) largest = std::max(largest, of.magnitude);
    double worst = 0;
    for (const Slopes& of : tensors) {
      worst = std::max(worst, of.error / std::max(of.magnitude, 1e-3 * largest));
    }
    return worst;
  }

 private:
  static constexpr std::uint64_t kDirections = 3;

  struct Slopes {
    double magnitude = 0;
    double error = 0;
  };

  [[nodiscard]] Slopes slopes(const Image& gradient, Image& x, double step) {
    const Image original = x;
    Slopes slopes;
    for (std::uint64_t i = 0; i < kDirections; ++i) {
      const Image direction = uniform<T, D>(x.shape(), 100 + i);
      const auto loss_at = [&](double distance) {
        x = original;
        kernels::scale_and_add(1, distance, direction, x);
        return loss();
      };
      const double numerical = (loss_at(step) - loss_at(-step)) / (2 * step);
      x = original;
      const double ours = dot(gradient, direction);
      const double error = std::abs(ours - numerical);
      slopes.error = std::isfinite(error) ? std::max(slopes.error, error) : 1e300;
      slopes.magnitude = std::max(slopes.magnitude, std::abs(ours));
    }
    return slopes;
  }

  /// The second of the features gets no gradient, so that the gap is tested as well.
  void set_feature_gradients(const typename N::Saved& saved) {
    if constexpr (networks::FeatureExtractor<N>) {
      const auto features = network_.features(saved);
      for (std::size_t i = 0; i < features.size(); ++i) {
        d_features_.push_back(i == 1 ? Image() : uniform<T, D>(features[i]->shape(), 20 + i));
      }
    }
  }

  [[nodiscard]] Image backward(const typename N::Saved& saved) {
    if constexpr (networks::FeatureExtractor<N>) {
      return network_.backward(d_output_, saved, layers::Wanted::all, d_features_);
    } else {
      return network_.backward(d_output_, saved);
    }
  }

  [[nodiscard]] double loss() {
    typename N::Saved saved;
    double sum = dot(d_output_, network_.forward(input_, saved, pass_));
    if constexpr (networks::FeatureExtractor<N>) {
      const auto features = network_.features(saved);
      for (std::size_t i = 0; i < features.size(); ++i) {
        if (!d_features_[i].empty()) sum += dot(d_features_[i], *features[i]);
      }
    }
    return sum;
  }

  N& network_;
  State<T, D> state_;
  Image input_;
  Image d_output_;
  std::vector<Image> d_features_;
  layers::Pass pass_;
};

template <networks::Network N>
[[nodiscard]] double network_gradient_error(N& network, const Shape& input,
                                            const layers::Pass& pass = {}) {
  return NetworkGradients<N>(network, input, pass).error();
}

/// All parameter gradients, one after another.
template <class T, class D>
[[nodiscard]] std::vector<T> gradients_of(const State<T, D>& state) {
  std::vector<T> values;
  for (const auto& [name, parameter] : state.parameters) {
    const auto more = parameter->grad.to_host();
    values.insert(values.end(), more.begin(), more.end());
  }
  return values;
}

/// Whether Wanted::input and Wanted::parameters give exactly their share of Wanted::all, and
/// leave the rest alone.
template <networks::Network N>
[[nodiscard]] bool wanted_is_a_part_of_all(N& network, const Shape& shape) {
  using T = typename N::Scalar;
  using D = typename N::Place;
  auto state = state_of(network);
  typename N::Saved saved;
  const auto output = network.forward(uniform<T, D>(shape, 1), saved);
  const auto d_output = uniform<T, D>(output.shape(), 2);
  const auto run = [&](layers::Wanted wanted) {
    state.zero_gradients();
    const auto d_input = network.backward(d_output, saved, wanted);
    return std::pair(d_input.to_host(), gradients_of(state));
  };
  const auto all = run(layers::Wanted::all);
  const auto input = run(layers::Wanted::input);
  const auto parameters = run(layers::Wanted::parameters);
  const auto is_zero = [](T value) { return value == 0; };
  return input.first == all.first &&
         std::all_of(input.second.begin(), input.second.end(), is_zero) &&
         parameters.first.empty() && parameters.second == all.second;
}

/// Whether two passes in flight, finished in the order they began, give the sum of the gradients
/// of two passes one after the other.
template <networks::Network N>
[[nodiscard]] bool passes_are_independent(N& network, const Shape& shape) {
  using T = typename N::Scalar;
  using D = typename N::Place;
  auto state = state_of(network);
  const auto x1 = uniform<T, D>(shape, 1);
  const auto x2 = uniform<T, D>(shape, 2);
  const auto d_output = uniform<T, D>(network.output_shape(shape), 3);
  const auto run = [&](bool in_flight) {
    state.zero_gradients();
    typename N::Saved first;
    typename N::Saved second;
    (void)network.forward(x1, first);
    if (in_flight) (void)network.forward(x2, second);
    (void)network.backward(d_output, first);
    if (!in_flight) (void)network.forward(x2, second);
    (void)network.backward(d_output, second);
    return gradients_of(state);
  };
  return run(true) == run(false);
}

/// The names of parameters, buffers and counters, in checkpoint order.
template <networks::Network N>
[[nodiscard]] std::vector<std::string> names_of(N network) {
  const auto state = state_of(network);
  std::vector<std::string> names;
  for (const auto& entry : state.parameters) names.push_back(entry.name);
  for (const auto& entry : state.buffers) names.push_back(entry.name);
  for (const auto& entry : state.counters) names.push_back(entry.name);
  return names;
}

template <networks::Network N>
[[nodiscard]] std::size_t parameter_count(N network) {
  return state_of(network).parameter_count();
}

/// Multiply-accumulates for one image. Every element of a convolution's weight meets every pixel of
/// the output, or of the input where the convolution is transposed: `pixels`, of every convolution
/// in the order of the weights.
template <networks::Network N>
[[nodiscard]] std::size_t multiply_accumulates(N network, const std::vector<std::size_t>& pixels) {
  std::size_t sum = 0;
  std::size_t convolution = 0;
  for (const auto& entry : state_of(network).parameters) {
    if (entry.parameter->rank != 4) continue;  // a bias, or of a norm
    sum += entry.parameter->value.size() * pixels.at(convolution++);
  }
  return convolution == pixels.size() ? sum : 0;
}

/// Largest relative difference of output and gradients when the same network runs in float.
template <template <class, class> class N>
[[nodiscard]] double float_error(const typename N<double, Cpu>::Options& options,
                                 const typename N<float, Cpu>::Options& float_options,
                                 const Shape& shape) {
  N<double, Cpu> exact(options);
  fill_network(exact);
  N<float, Cpu> rounded(float_options);
  auto to = state_of(rounded);
  const auto from = state_of(exact);
  const auto convert = [](const Tensor<double>& x) {
    const auto values = x.to_host();
    const std::vector<float> floats(values.begin(), values.end());
    return Tensor<float>::from_host(x.shape(), floats);
  };
  for (std::size_t i = 0; i < to.parameters.size(); ++i) {
    to.parameters[i].parameter->value = convert(from.parameters[i].parameter->value);
  }
  typename N<double, Cpu>::Saved exact_saved;
  typename N<float, Cpu>::Saved rounded_saved;
  const auto x = uniform<double>(shape, 1);
  const auto d = uniform<double>(exact.output_shape(shape), 2);
  const auto exact_output = exact.forward(x, exact_saved);
  const auto rounded_output = rounded.forward(convert(x), rounded_saved);
  const auto exact_d = exact.backward(d, exact_saved);
  const auto rounded_d = rounded.backward(convert(d), rounded_saved);
  const auto exact_gradients = gradients_of(from);
  const auto rounded_gradients = gradients_of(to);
  return std::max({relative_error(rounded_output, exact_output), relative_error(rounded_d, exact_d),
                   relative_error(std::span<const float>(rounded_gradients),
                                  std::span<const double>(exact_gradients))});
}

}  // namespace asyndgan::test
