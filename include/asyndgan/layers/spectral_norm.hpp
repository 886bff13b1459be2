// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <vector>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/spectral_norm.hpp"

namespace asyndgan::layers {

/// Divides a convolution's weight by its spectral norm, estimated by one power iteration per
/// training pass. The part that Conv2d's `spectral_norm` option adds; behaves and is named in a
/// checkpoint as torch.nn.utils.spectral_norm.
/// Source  Miyato et al. 2018, arXiv:1802.05957, algorithm 1.
template <std::floating_point T, Device D>
class SpectralNorm {
 public:
  /// One pass: the weight it used and the constants of its gradient.
  struct Saved {
    Tensor<T, D> weight;  // (F, C, K, K), normalised
    Tensor<T, D> u;       // (1, F, 1, 1)
    Tensor<T, D> v;       // (1, C*K*K, 1, 1)
    double gain = 1;
  };

  /// u and v start as fixed random directions; the iteration forgets them.
  explicit SpectralNorm(const Shape& weight)
      : u_(random_direction(weight.n, random::Key{.seed = 1})),
        v_(random_direction(static_cast<int>(weight.image()), random::Key{.seed = 2})) {}

  void normalize(const Tensor<T, D>& weight, bool training, Saved& saved) {
    if (training) kernels::spectral_power_iteration(weight, u_, v_);
    saved.gain = kernels::spectral_gain(weight, u_, v_);
    if (saved.gain == 0) saved.gain = 1;  // a weight of zeros stays one
    saved.weight = Tensor<T, D>::uninitialized(weight.shape());
    kernels::spectral_divide(weight, saved.gain, saved.weight);
    saved.u = u_;
    saved.v = v_;
  }

  /// Adds dL/dweight to d_weight, from the gradient of the normalised weight.
  static void backward(const Tensor<T, D>& d_normalized, const Saved& saved,
                       Tensor<T, D>& d_weight) {
    kernels::spectral_backward(d_normalized, saved.weight, saved.u, saved.v, saved.gain, d_weight);
  }

  void collect(const std::string& weight_name, State<T, D>& state) {
    state.buffers.push_back({weight_name + "_u", &u_});
    state.buffers.push_back({weight_name + "_v", &v_});
  }

 private:
  [[nodiscard]] static Tensor<T, D> random_direction(int size, random::Key key) {
    key.purpose = random::Purpose::initialize;
    const random::Stream stream(key);
    std::vector<double> normals(static_cast<std::size_t>(size));
    double squares = 0;
    for (std::size_t i = 0; i < normals.size(); ++i) {
      normals[i] = stream.normal(i);
      squares += normals[i] * normals[i];
    }
    std::vector<T> values(normals.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<T>(normals[i] / std::sqrt(squares));
    }
    return Tensor<T, D>::from_host({1, size, 1, 1}, values);
  }

  Tensor<T, D> u_;  // (1, F, 1, 1)
  Tensor<T, D> v_;  // (1, C*K*K, 1, 1)
};

}  // namespace asyndgan::layers
