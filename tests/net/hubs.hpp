// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/transport/tcp.hpp"
#include "asyndgan/transport/tls.hpp"
#include "support/tls_consortium.hpp"

/// What makes the ends of a test::Federation's links, of real connections on this machine.
namespace asyndgan::test {

/// The names of a Federation's sites, by rank.
[[nodiscard]] inline std::vector<std::string> phantom_names(int sites) {
  std::vector<std::string> names;
  for (int i = 1; i <= sites; ++i) names.push_back("phantom-" + std::to_string(i));
  return names;
}

class TcpHub {
 public:
  using Link = transport::Tcp;

  explicit TcpHub(int sites, transport::NetworkOptions network = {})
      : names_(phantom_names(sites)), network_(network) {}

  Link join(transport::Peer rank) {
    if (rank != transport::kCentral) return connect(rank, port_);
    auto central = Link::listen({.sites = names_, .network = network_});
    port_ = central.port();
    return central;
  }
  /// A site's end, by way of another port than the centre's.
  Link connect(transport::Peer rank, std::uint16_t port) {
    return Link::connect({.host = "127.0.0.1",
                          .port = port,
                          .name = names_[static_cast<std::size_t>(rank - 1)],
                          .network = network_});
  }

 private:
  std::vector<std::string> names_;
  transport::NetworkOptions network_;
  std::uint16_t port_ = 0;
};

class TlsHub {
 public:
  using Link = transport::Tls;

  explicit TlsHub(int sites, transport::NetworkOptions network = {})
      : names_(phantom_names(sites)), network_(network) {
    for (const auto& name : names_) files_.push_back(consortium_.site(name));
  }

  Link join(transport::Peer rank) {
    if (rank != transport::kCentral) return connect(rank, port_);
    auto central =
        Link::listen({.sites = names_, .files = consortium_.centre(), .network = network_});
    port_ = central.port();
    return central;
  }
  Link connect(transport::Peer rank, std::uint16_t port) {
    return Link::connect({.host = "127.0.0.1",
                          .port = port,
                          .files = files_[static_cast<std::size_t>(rank - 1)],
                          .network = network_});
  }

 private:
  TlsConsortium consortium_;
  std::vector<std::string> names_;
  std::vector<transport::Tls::Files> files_;
  transport::NetworkOptions network_;
  std::uint16_t port_ = 0;
};

}  // namespace asyndgan::test
