// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "asyndgan/transport/tcp.hpp"
#include "asyndgan/transport/tls.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"
#include "support/tls_consortium.hpp"

namespace asyndgan::transport {
namespace {

std::vector<std::string> site_names(int sites) {
  std::vector<std::string> names;
  for (int i = 1; i <= sites; ++i) names.push_back("phantom-" + std::to_string(i));
  return names;
}

struct TcpHub {
  explicit TcpHub(int sites) : names(site_names(sites)) {}
  Tcp join(Peer rank) {
    if (rank != kCentral) {
      return Tcp::connect(
          {.host = "127.0.0.1", .port = port, .name = names[static_cast<std::size_t>(rank - 1)]});
    }
    auto central = Tcp::listen({.sites = names});
    port = central.port();
    return central;
  }
  std::vector<std::string> names;
  std::uint16_t port = 0;
};

struct TlsHub {
  explicit TlsHub(int sites) : names(site_names(sites)) {}
  Tls join(Peer rank) {
    if (rank != kCentral) {
      return Tls::connect({.host = "127.0.0.1",
                           .port = port,
                           .files = consortium.site(names[static_cast<std::size_t>(rank - 1)])});
    }
    auto central = Tls::listen({.sites = names, .files = consortium.centre()});
    port = central.port();
    return central;
  }
  test::TlsConsortium consortium;
  std::vector<std::string> names;
  std::uint16_t port = 0;
};

template <class Hub>
std::vector<float> weights_after_training() {
  test::Federation<float, Hub> federation(test::Federation<float, Hub>::defaults());
  federation.run();
  return federation.weights();
}

TEST_CASE("Lockstep over TCP and TLS equals lockstep in one process bit for bit", "[net]") {
  const auto expected = weights_after_training<InProcessHub>();
  CHECK(expected.size() > 100);
  CHECK(weights_after_training<TcpHub>() == expected);
  CHECK(weights_after_training<TlsHub>() == expected);
}

}  // namespace
}  // namespace asyndgan::transport
