// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "net/asio.hpp"
#include "net/stream.hpp"

namespace asyndgan::transport::net {

/// recv() and send() of a socket that never blocks; EINTR is tried again, SIGPIPE never raised.
/// Errors  TransportError with the system's words.
[[nodiscard]] Progress socket_read(int socket, std::span<std::byte> bytes);
[[nodiscard]] Progress socket_write(int socket, std::span<const std::byte> bytes);

/// Bytes that were sent and that the other end's system has not confirmed yet.
[[nodiscard]] std::size_t unconfirmed(int socket);

/// As people write it: 192.0.2.1:7443, [2001:db8::1]:7443.
[[nodiscard]] std::string text(const tcp::endpoint& endpoint);

}  // namespace asyndgan::transport::net
