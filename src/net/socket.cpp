// SPDX-License-Identifier: Apache-2.0
#include "net/socket.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "asyndgan/core/error.hpp"

namespace asyndgan::transport::net {
namespace {

Progress moved(ssize_t bytes, Want want) {
  if (bytes >= 0) return {.bytes = static_cast<std::size_t>(bytes)};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {.want = want};
  throw TransportError("the connection broke: " + std::generic_category().message(errno));
}

}  // namespace

Progress socket_read(int socket, std::span<std::byte> bytes) {
  ssize_t count = -1;
  do {
    count = ::recv(socket, bytes.data(), bytes.size(), 0);
  } while (count < 0 && errno == EINTR);
  Progress progress = moved(count, Want::readable);
  progress.ended = count == 0;
  return progress;
}

Progress socket_write(int socket, std::span<const std::byte> bytes) {
  ssize_t count = -1;
  do {
    count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  return moved(count, Want::writable);
}

std::size_t unconfirmed(int socket) {
  int count = 0;
  return ::ioctl(socket, SIOCOUTQ, &count) == 0 && count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::string text(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  const auto port = std::to_string(endpoint.port());
  if (!address.is_v6()) return address.to_string() + ":" + port;
  if (address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string() + ":" + port;
  }
  return "[" + address.to_string() + "]:" + port;
}

}  // namespace asyndgan::transport::net
