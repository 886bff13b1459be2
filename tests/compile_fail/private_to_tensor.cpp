// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/privacy/private.hpp"

using namespace asyndgan;

void take(const privacy::Private<Tensor<float>>& loaded) { const Tensor<float> image = loaded; }
