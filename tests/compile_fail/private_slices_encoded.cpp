// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/slices.hpp"
#include "asyndgan/protocol/codec.hpp"

using namespace asyndgan;

auto send(const privacy::Private<data::Slices>& loaded) { return protocol::encode(loaded, 1); }
