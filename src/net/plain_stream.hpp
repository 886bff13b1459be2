// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "net/stream.hpp"

namespace asyndgan::transport::net {

/// The socket's bytes as they are.
[[nodiscard]] std::unique_ptr<Security> plain();

}  // namespace asyndgan::transport::net
