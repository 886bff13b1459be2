// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "asyndgan/transport/timeouts.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::transport {

namespace net {
class Endpoint;
}

/// What either end of a network connection may set. Both ends should agree on `heartbeat`: each
/// measures the other's silence by its own. The other time-outs follow (transport/timeouts.hpp).
struct NetworkOptions {
  /// Bytes of one message. A longer one ends the connection before any memory is taken for it.
  std::size_t largest_message = std::size_t{1} << 30;

  /// Messages that wait here for receive(), of each peer; then the peer is held back.
  std::size_t capacity = 8;

  /// An end that sent nothing for so long sends a heartbeat. A peer without a byte for 2.5 of
  /// them is gone, 12.5 s by default, and a greeting that takes 2 is given up.
  std::chrono::milliseconds heartbeat = Timeouts{}.heartbeat;

  /// How long send() waits for a site to come or a peer to take a byte, and a site for the
  /// centre to let it in.
  std::chrono::milliseconds patience = Timeouts{}.patience;

  /// A site's: tells its program from others of the same name, below 2^31 - 1. 0: a number that
  /// was drawn for this process.
  std::uint32_t program = 0;

  [[nodiscard]] Timeouts timeouts() const { return {heartbeat, patience}; }
};

/// One end of the star that Tcp, Tls and Mpi make. Closed on destruction.
///
/// With Tcp and Tls the centre listens and the sites connect. A site's rank is its place in the
/// centre's roster, so a site that comes back gets the rank it had. Of two connections of one name
/// the newer one wins; where they are of two programs, the older program is not let in any more. A
/// connection that ended is told once: by the first of send(), receive() and
/// receive_any() that meets its end. Only then do they reach the site that came back.
///
/// Ensures   the concept's promises. A message to or from a site that has not come yet waits.
///           close() takes as long as the peers need to take what was sent; Tcp and Tls give up
///           on one that takes nothing for 2.5 heartbeats.
/// Errors    those of the concept. A send() that gives up in mid-message ends the connection; what
///           it sent before may be lost with it.
/// Threads   as the concept says. One thread of its own moves the bytes and keeps heartbeats
///           going, whatever the callers compute meanwhile.
class NetworkLink {
 public:
  NetworkLink(NetworkLink&& other) noexcept;
  NetworkLink& operator=(NetworkLink&& other) noexcept;
  ~NetworkLink();

  /// 0 at the centre, 1..S at a site.
  [[nodiscard]] Peer rank() const;

  void send(Peer peer, std::span<const std::byte> message);

  [[nodiscard]] std::vector<std::byte> receive(Peer peer, std::chrono::milliseconds limit);

  [[nodiscard]] Arrival receive_any(std::chrono::milliseconds limit);

  void close();

  /// The port that a centre listens on, a site is connected to; 0 for Mpi, which has none.
  [[nodiscard]] std::uint16_t port() const;

 protected:
  explicit NetworkLink(std::unique_ptr<net::Endpoint> endpoint);

 private:
  [[nodiscard]] net::Endpoint& endpoint() const;

  std::unique_ptr<net::Endpoint> endpoint_;
};

}  // namespace asyndgan::transport
