// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/dropout.hpp"
#include "asyndgan/layers/layer.hpp"

namespace asyndgan::layers {

/// Sets each element to 0 with a probability and divides the others by what is kept. Follows
/// Pass::dropout, not Pass::training: AsynDGAN's generator keeps its dropout in synthesis.
///
/// The mask is a function of Pass::key, the layer's index and the element's place alone, so a
/// pass can be repeated exactly, on any number of threads.
///
/// Source  Srivastava et al. 2014, Journal of Machine Learning Research 15.
template <std::floating_point T, Device D = Cpu>
class Dropout {
 public:
  using Scalar = T;
  using Place = D;

  struct Options {
    double probability = 0.5;  // of being dropped, [0, 1)
    int index = 0;             // of the layer in its network: no two share their numbers
  };
  struct Saved {
    Shape shape;
    kernels::Mask<D> kept;  // empty if the pass dropped nothing
  };

  /// Throws ContractViolation on a probability outside [0, 1) or a negative index.
  explicit Dropout(const Options& options) : options_(options) {
    if (!(options.probability >= 0 && options.probability < 1) || options.index < 0) {
      throw ContractViolation("Dropout: probability " + std::to_string(options.probability) +
                              ", index " + std::to_string(options.index) +
                              "; expected [0, 1) and at least 0");
    }
  }

  [[nodiscard]] Shape output_shape(const Shape& input) const { return input; }

  [[nodiscard]] Tensor<T, D> forward(Tensor<T, D> input, Saved& saved,
                                     const Pass& pass = {}) const {
    saved.shape = input.shape();
    saved.kept = {};
    if (pass.dropout && options_.probability > 0) {
      kernels::dropout_forward(rule(pass), input, saved.kept);
    }
    return input;
  }

  [[nodiscard]] Tensor<T, D> backward(const Tensor<T, D>& d_output, const Saved& saved,
                                      Wanted wanted = Wanted::all) const {
    require_shape(d_output.shape(), saved.shape, "Dropout: d_output");
    if (wanted == Wanted::parameters) return {};
    if (saved.kept.size() == 0) return d_output;
    auto d_input = Tensor<T, D>::uninitialized(saved.shape);
    kernels::dropout_backward(d_output, rule({}).scale(), saved.kept, d_input);
    return d_input;
  }

  void collect(const std::string& /*prefix*/, State<T, D>& /*state*/) const {}

 private:
  [[nodiscard]] kernels::DropoutRule rule(const Pass& pass) const {
    random::Key key = pass.key;
    key.purpose = random::Purpose::dropout;
    constexpr int kElementBits = 40;  // of one layer in one pass: 10^12 elements
    return {.probability = options_.probability,
            .key = key,
            .first = static_cast<std::uint64_t>(options_.index) << kElementBits};
  }

  Options options_;
};
static_assert(Layer<Dropout<float, Cpu>>);

}  // namespace asyndgan::layers
