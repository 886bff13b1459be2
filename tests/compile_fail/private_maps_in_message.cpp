// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/protocol/message.hpp"

using namespace asyndgan;

auto make(const privacy::Private<LabelMap>& maps) { return protocol::Masks{1, maps}; }
