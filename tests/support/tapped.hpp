// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "asyndgan/transport/transport.hpp"

namespace asyndgan::test {

/// Any transport, with somebody who sees all that this end sends.
template <transport::Transport Link>
class Tapped {
 public:
  using Tap = std::function<void(std::span<const std::byte> message)>;

  Tapped(Link link, Tap tap) : link_(std::move(link)), tap_(std::move(tap)) {}

  void send(transport::Peer peer, std::span<const std::byte> message) {
    if (tap_) tap_(message);
    link_.send(peer, message);
  }
  [[nodiscard]] std::vector<std::byte> receive(transport::Peer peer,
                                               std::chrono::milliseconds limit) {
    return link_.receive(peer, limit);
  }
  [[nodiscard]] transport::Arrival receive_any(std::chrono::milliseconds limit) {
    return link_.receive_any(limit);
  }
  void close() { link_.close(); }

 private:
  Link link_;
  Tap tap_;
};

}  // namespace asyndgan::test
