// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asyndgan/core/random.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/buffer.hpp"

namespace asyndgan::kernels {

/// Which elements are dropped, and what the others are multiplied by.
struct DropoutRule {
  double probability = 0.5;  // of being dropped, [0, 1)
  random::Key key{};
  std::uint64_t first = 0;  // number of the stream that decides about element 0

  /// An element is dropped when its 32 random bits are below this.
  [[nodiscard]] std::uint64_t threshold() const {
    return static_cast<std::uint64_t>(probability * 0x1p32);
  }
  [[nodiscard]] double scale() const { return 1 / (1 - probability); }
};

/// Dropout of one device: static forward and backward with the contracts of the functions below.
/// Specialised per device; cpu/dropout.hpp holds the Cpu's.
template <std::floating_point T, Device D>
struct DropoutKernel;

/// x = kept ? x / (1 - probability) : 0, in place. Element i is kept unless number
/// `rule.first + i` of the rule's stream says no, on every device and for any number of threads.
///
/// Requires  rule.first a multiple of 4.
/// Ensures   `kept` has 1 where the element was kept.
template <std::floating_point T, Device D>
void dropout_forward(const DropoutRule& rule, Tensor<T, D>& x, Mask<D>& kept) {
  kept = Mask<D>(x.size());
  DropoutKernel<T, D>::forward(rule, x, kept);
}

/// dL/dinput = kept ? d_output * scale : 0.
template <std::floating_point T, Device D>
void dropout_backward(const Tensor<T, D>& d_output, double scale, const Mask<D>& kept,
                      Tensor<T, D>& d_input) {
  DropoutKernel<T, D>::backward(d_output, static_cast<T>(scale), kept, d_input);
}

/// The definition, for one element.
struct DropoutReference {
  static bool keeps(const DropoutRule& rule, std::uint64_t element) {
    return random::Stream(rule.key).bits(rule.first + element) >= rule.threshold();
  }
};

}  // namespace asyndgan::kernels

#include "asyndgan/kernels/cpu/dropout.hpp"  // IWYU pragma: export
