// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/cpu/impl/conv2d.hpp"

namespace asyndgan::kernels::cpu {

template struct DirectConv2d<float>;
template struct DirectConv2d<double>;

}  // namespace asyndgan::kernels::cpu
