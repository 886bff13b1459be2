// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/cpu/blocks.hpp"
#include "asyndgan/kernels/dropout.hpp"

namespace asyndgan::kernels {

template <std::floating_point T>
struct DropoutKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static void forward(const DropoutRule& rule, Array& x, Mask<Cpu>& kept) {
    const random::Stream stream(rule.key);
    const std::uint64_t threshold = rule.threshold();
    const T scale = static_cast<T>(rule.scale());
    T* const values = x.data();
    unsigned char* const mask = kept.data();
    parallel_blocks(x.size(), cpu::kBlock, [=](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; i += 4) {  // begin is a multiple of 4
        const auto bits = stream.block((rule.first + i) / 4);
        for (std::size_t k = 0; k < std::min<std::size_t>(4, end - i); ++k) {
          mask[i + k] = bits[k] >= threshold ? 1 : 0;
        }
      }
      for (std::size_t i = begin; i < end; ++i) values[i] = mask[i] != 0 ? values[i] * scale : T(0);
    });
  }

  static void backward(const Array& d_output, T scale, const Mask<Cpu>& kept, Array& d_input) {
    const T* const from = d_output.data();
    T* const to = d_input.data();
    const unsigned char* const mask = kept.data();
    cpu::for_each_element(d_output.size(),
                          [=](std::size_t i) { to[i] = mask[i] != 0 ? from[i] * scale : T(0); });
  }
};

}  // namespace asyndgan::kernels
