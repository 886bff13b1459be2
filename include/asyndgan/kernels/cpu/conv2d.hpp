// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>

#include "asyndgan/core/cpu.hpp"
#include "asyndgan/kernels/conv2d.hpp"

namespace asyndgan::kernels {

template <std::floating_point T>
struct Conv2dKernel<T, Cpu> : Conv2dReference<T> {};

}  // namespace asyndgan::kernels
