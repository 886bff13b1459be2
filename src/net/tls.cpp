// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/tls.hpp"

#include <optional>
#include <utility>

#include "net/socket_endpoint.hpp"
#include "net/tls_stream.hpp"
#include "net/visit.hpp"

namespace asyndgan::transport {

Tls::Tls(std::unique_ptr<net::Endpoint> endpoint) : NetworkLink(std::move(endpoint)) {}

Tls Tls::listen(const ListenOptions& options) {
  return Tls(std::make_unique<net::SocketEndpoint>(
      net::Listening{options.address, options.port, options.sites}, options.network,
      net::tls_of_centre(options.files)));
}

Tls Tls::connect(const ConnectOptions& options) {
  return Tls(std::make_unique<net::SocketEndpoint>(
      net::Joining{options.host, options.port, ""}, options.network,
      net::tls_of_site(options.files, options.centre)));
}

Certificate Tls::visit(const ConnectOptions& options) {
  const auto security = net::tls_of_site(options.files, options.centre);
  std::optional<Certificate> shown;
  net::visit({options.host, options.port, ""}, options.network, *security,
             [&](const net::Stream& stream) { shown = net::certificate_of(stream); });
  return shown.value();
}

}  // namespace asyndgan::transport
