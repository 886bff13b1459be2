// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "asyndgan/transport/transport.hpp"
#include "link/mailbox.hpp"

namespace asyndgan::transport::net {

/// One end of the star, behind a NetworkLink: a mailbox, and what moves its messages.
class Endpoint {
 public:
  Endpoint() = default;
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  virtual ~Endpoint() = default;

  [[nodiscard]] virtual Mailbox& mailbox() = 0;
  [[nodiscard]] virtual Peer rank() const = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  virtual void close() = 0;
};

}  // namespace asyndgan::transport::net
