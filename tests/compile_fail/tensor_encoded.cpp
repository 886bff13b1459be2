// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/protocol/codec.hpp"

using namespace asyndgan;

auto send(const Tensor<float>& image) { return protocol::encode(image, 1); }
