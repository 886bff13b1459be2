// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/protocol/codec.hpp"

using namespace asyndgan;

auto send(const protocol::Gradient& gradient) { return protocol::encode(gradient, 1); }
