// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "asyndgan/transport/certificates.hpp"
#include "asyndgan/transport/network_link.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::transport {

/// TLS 1.3, both ends proved by certificates of the consortium's own authority. Between
/// hospitals; bodies in asyndgan::tls.
///
///   Tls central = Tls::listen({.sites = {"north", "south"}, .files = files_of_the_centre});
///   Tls site = Tls::connect({.host = "centre.example", .port = 7443, .files = files_of_south});
///
/// Certificates are judged as why_refused() of transport/certificates.hpp does, which reads these
/// files too. A site's name is the common name of its certificate. Nobody without a valid
/// certificate gets a byte of ours, or has one read. There are no tickets, no resumption, no early
/// data and no compression.
class Tls : public NetworkLink {
 public:
  /// PEM files. They are read anew for the next connection once they have changed, so a
  /// certificate is replaced without a restart. What cannot be used is logged once, a key whose
  /// certificate has yet to come for instance; what was read before then stays.
  struct Files {
    std::filesystem::path authority;     // the certificate of the consortium's authority
    std::filesystem::path certificate;   // the own one
    std::filesystem::path key;           // not to be read by others, not encrypted
    std::filesystem::path revoked = {};  // the authority's list (CRL); none is checked without
  };
  struct ListenOptions {
    std::string address = "::";      // every address, IPv4 and IPv6
    std::uint16_t port = 0;          // 0 takes a free one, see port()
    std::vector<std::string> sites;  // the name of rank 1, 2, ...
    Files files;
    NetworkOptions network = {};
  };
  struct ConnectOptions {
    std::string host;  // a name, resolved anew by every connect(), or an address
    std::uint16_t port = 0;
    Files files;
    std::string centre = "central";  // a name or host in its certificate
    NetworkOptions network = {};
  };

  /// Throws what Tcp::listen() does, and DataError or CertificateError naming a file that cannot
  /// be used.
  ///
  /// A certificate that expires, or is revoked, while its holder is connected ends the connection
  /// within 6 heartbeats, 30 s by default, of that moment or of the change of the list. Whoever
  /// has a new one by then connects anew with it.
  [[nodiscard]] static Tls listen(const ListenOptions& options);

  /// Throws what Tcp::connect() does, and DataError or CertificateError naming a file that cannot
  /// be used. The line of a TransportError says whose certificate is refused by whom, and why.
  [[nodiscard]] static Tls connect(const ConnectOptions& options);

  /// Goes to the centre, has both ends prove who they are, and leaves again without a greeting:
  /// nobody's place is taken, and a run that is under way is not disturbed. Returns what the
  /// centre showed. Throws as connect(), TransportTimeout after 2 heartbeats.
  [[nodiscard]] static Certificate visit(const ConnectOptions& options);

 private:
  explicit Tls(std::unique_ptr<net::Endpoint> endpoint);
};
static_assert(Transport<Tls>);

}  // namespace asyndgan::transport
