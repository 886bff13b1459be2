// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/tcp.hpp"

#include <utility>

#include "net/plain_stream.hpp"
#include "net/socket_endpoint.hpp"
#include "net/visit.hpp"

namespace asyndgan::transport {

Tcp::Tcp(std::unique_ptr<net::Endpoint> endpoint) : NetworkLink(std::move(endpoint)) {}

Tcp Tcp::listen(const ListenOptions& options) {
  return Tcp(std::make_unique<net::SocketEndpoint>(
      net::Listening{options.address, options.port, options.sites}, options.network, net::plain()));
}

Tcp Tcp::connect(const ConnectOptions& options) {
  return Tcp(std::make_unique<net::SocketEndpoint>(
      net::Joining{options.host, options.port, options.name}, options.network, net::plain()));
}

void Tcp::visit(const ConnectOptions& options) {
  const auto security = net::plain();
  net::visit({options.host, options.port, options.name}, options.network, *security);
}

}  // namespace asyndgan::transport
