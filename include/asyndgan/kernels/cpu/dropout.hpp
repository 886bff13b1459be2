// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/cpu/blocks.hpp"
#include "asyndgan/kernels/cpu/vector_ops.hpp"
#include "asyndgan/kernels/dropout.hpp"

namespace asyndgan::kernels {

template <std::floating_point T>
struct DropoutKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static void forward(const DropoutRule& rule, Array& x, Mask<Cpu>& kept) {
    const random::Stream stream(rule.key);
    const auto threshold = static_cast<std::uint32_t>(rule.threshold());
    const T scale = static_cast<T>(rule.scale());
    const cpu::VectorOps<T>& ops = cpu::vector_ops<T>();
    parallel_blocks(x.size(), cpu::kBlock, [&](std::size_t begin, std::size_t end) {
      std::array<std::uint32_t, kChunk> bits;
      for (std::size_t i = begin; i < end; i += kChunk) {
        const std::size_t count = std::min(kChunk, end - i);
        const std::uint64_t number = (rule.first + i) / 4;  // i is a multiple of 4
        ops.philox((count + 3) / 4, number, stream.counter(number), stream.philox_key(),
                   bits.data());
        ops.drop(count, bits.data(), threshold, scale, x.data() + i, kept.data() + i);
      }
    });
  }

  static void backward(const Array& d_output, T scale, const Mask<Cpu>& kept, Array& d_input) {
    parallel_blocks(d_output.size(), cpu::kBlock, [&](std::size_t begin, std::size_t end) {
      cpu::vector_ops<T>().select_scale(end - begin, kept.data() + begin, scale, T(0),
                                        d_output.data() + begin, d_input.data() + begin);
    });
  }

 private:
  static constexpr std::size_t kChunk = 1024;  // 4 KiB of random bits, beside as much of x in L1
};

}  // namespace asyndgan::kernels
