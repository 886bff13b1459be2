// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "net/asio.hpp"

namespace asyndgan::transport::net {

/// Where a site finds its centre, and the name it claims: none where a certificate proves it.
struct Joining {
  std::string host;
  std::uint16_t port = 0;
  std::string name;

  /// For people.
  [[nodiscard]] std::string where() const { return host + ":" + std::to_string(port); }
};

using Addresses = tcp::resolver::results_type;

/// The addresses of the centre's host, asked for anew each time.
/// Errors  TransportError.
awaitable<Addresses> resolve(asio::io_context& io, const Joining& joining);

/// A connection to the first of them that answers, each within `limit`.
/// Errors  TransportError.
awaitable<tcp::socket> reach(asio::io_context& io, const Joining& joining,
                             const Addresses& addresses, Clock::duration limit);

}  // namespace asyndgan::transport::net
