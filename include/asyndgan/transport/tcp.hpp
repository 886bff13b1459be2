// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "asyndgan/transport/network_link.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::transport {

/// Plain TCP, for one machine, a trusted network and tests: nothing is encrypted, and a site is
/// who it says it is. Between hospitals use Tls. Bodies in asyndgan::tls.
///
///   Tcp central = Tcp::listen({.sites = {"north", "south"}});
///   Tcp site = Tcp::connect({.host = "127.0.0.1", .port = central.port(), .name = "south"});
class Tcp : public NetworkLink {
 public:
  struct ListenOptions {
    std::string address = "127.0.0.1";  // "::" listens on every address, IPv4 and IPv6
    std::uint16_t port = 0;             // 0 takes a free one, see port()
    std::vector<std::string> sites;     // the name of rank 1, 2, ...
    NetworkOptions network = {};
  };
  struct ConnectOptions {
    std::string host;  // a name, resolved anew by every connect(), or an address
    std::uint16_t port = 0;
    std::string name;  // of this site, in the centre's roster
    NetworkOptions network = {};
  };

  /// Throws TransportError if the address cannot be listened on, ContractViolation for a roster
  /// with a name that is empty, longer than 255 bytes or there twice.
  [[nodiscard]] static Tcp listen(const ListenOptions& options);

  /// Returns once the centre has let the site in. Throws TransportError, in one line, if the name
  /// does not resolve, nobody listens or the centre refuses; TransportTimeout after `patience`.
  [[nodiscard]] static Tcp connect(const ConnectOptions& options);

  /// Goes to the centre and leaves again without a greeting: nobody's place is taken, and a run
  /// that is under way is not disturbed. Throws as connect(), TransportTimeout after 2 heartbeats.
  static void visit(const ConnectOptions& options);

 private:
  explicit Tcp(std::unique_ptr<net::Endpoint> endpoint);
};
static_assert(Transport<Tcp>);

}  // namespace asyndgan::transport
