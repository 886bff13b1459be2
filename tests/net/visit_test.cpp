// SPDX-License-Identifier: Apache-2.0
//
// A site that looks whether it could join, and goes again.
#include "asyndgan/transport/tls.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/tcp.hpp"
#include "conformance/network.hpp"
#include "support/catch.hpp"
#include "support/raw_socket.hpp"
#include "support/tls_consortium.hpp"

namespace asyndgan::transport {
namespace {

using namespace std::chrono_literals;
using Catch::Contains;
using Catch::EndsWith;
using test::brisk;
using test::numbered;
using test::RawSocket;
using test::TlsConsortium;

Tls centre_of(TlsConsortium& consortium, const std::string& name = "central") {
  return Tls::listen({.address = "127.0.0.1",
                      .sites = {"north"},
                      .files = consortium.centre(name),
                      .network = brisk()});
}

Certificate visit(std::uint16_t port, const Tls::Files& files,
                  const NetworkOptions& options = brisk()) {
  return Tls::visit({.host = "127.0.0.1", .port = port, .files = files, .network = options});
}

TEST_CASE("A visit sees the centre's certificate, and takes nobody's place", "[net]") {
  TlsConsortium consortium;
  auto central = centre_of(consortium);
  const auto files = consortium.site("north");
  auto north = Tls::connect(
      {.host = "127.0.0.1", .port = central.port(), .files = files, .network = brisk()});
  for (unsigned i = 0; i < 3; ++i) {
    const auto shown = visit(central.port(), files);
    CHECK(shown.name == "central");
    CHECK(shown.role == Role::central);
    north.send(0, numbered(1, i));
    const auto arrival = central.receive_any(5s);
    CHECK_FALSE(arrival.gone());
    CHECK(arrival.message == numbered(1, i));
  }
}

TEST_CASE("A visit tells who refuses whom, and why", "[net]") {
  TlsConsortium consortium;
  TlsConsortium strangers;
  auto central = centre_of(consortium);
  auto files = consortium.site("north");

  CHECK_THROWS_WITH(visit(central.port(), strangers.site("north")),
                    Contains("the certificate of 'central' was signed by another authority"));
  auto other = centre_of(consortium, "elsewhere");
  CHECK_THROWS_WITH(visit(other.port(), files), Contains("it is not 'central'"));

  consortium.revoke("north");
  files.revoked.clear();  // it does not know yet
  CHECK_THROWS_WITH(visit(central.port(), files),
                    EndsWith("it refuses our certificate, which is revoked"));
}

TEST_CASE("A visit where nobody is, or nobody answers, ends soon", "[net]") {
  TlsConsortium consortium;
  const auto files = consortium.site("north");
  std::uint16_t closed = 0;
  {
    const auto gone = RawSocket::listen();
    closed = gone.port();
  }
  CHECK_THROWS_WITH(visit(closed, files), EndsWith("Connection refused; is the centre running, and "
                                                   "does the firewall here let this machine out "
                                                   "to it?"));
  const auto silent = RawSocket::listen();
  const auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(visit(silent.port(), files, brisk(100ms)), TransportTimeout);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);  // after 0.2 s, on an idle machine
}

TEST_CASE("Without TLS a visit finds a centre by its silence", "[net]") {
  auto central = Tcp::listen({.sites = {"north"}, .network = brisk()});
  Tcp::visit({.host = "127.0.0.1", .port = central.port(), .name = "north", .network = brisk()});
  const auto other = RawSocket::listen();
  std::thread server([&] { (void)other.accept().write("220 mail.example.org\r\n"); });
  CHECK_THROWS_WITH(
      Tcp::visit({.host = "127.0.0.1", .port = other.port(), .name = "north", .network = brisk()}),
      EndsWith("it speaks before it is greeted, so it is no centre"));
  server.join();
}

}  // namespace
}  // namespace asyndgan::transport
