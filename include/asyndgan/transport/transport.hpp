// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace asyndgan::transport {

/// Rank of a participant: 0 is the central node, 1..S are the sites.
using Peer = int;

inline constexpr Peer kCentral = 0;

/// What receive_any() brings. An empty message says that the peer is gone.
struct Arrival {
  Peer peer = 0;
  std::vector<std::byte> message;

  [[nodiscard]] bool gone() const { return message.empty(); }
};

/// Moves whole messages, in order, between the central node and its sites.
///
/// Requires  `peer` is a rank that this side talks to; `message` is non-empty.
/// Ensures   send() returns once `message` may be reused, receive() once a whole message from
///           `peer` has arrived; per pair, order is kept. receive_any() brings whichever
///           message is there first, and serves peers in turn when several wait; that a peer
///           is gone it says once, after the peer's last message. close() ends the own side:
///           what was sent before still arrives.
/// Errors    TransportTimeout after `limit`, or if a peer takes nothing for so long that
///           send() gives up; TransportError once `peer` is gone, from receive_any() once
///           there is no peer left to wait for. Other peers are unaffected. Nothing is
///           retried here.
/// Threads   one thread per (object, peer) pair; distinct peers may run in parallel.
///           receive_any() and close() count as all peers.
///
/// Models    InProcess (sites as threads), Tcp, Tls, Mpi; Counted<T> wraps any.
/// It is deliberately blind to dtype and meaning: protocol/ owns the bytes.
template <class T>
concept Transport = std::movable<T> &&
    requires(T& link, Peer peer, std::span<const std::byte> message,
             std::chrono::milliseconds limit) {
  { link.send(peer, message) } -> std::same_as<void>;
  { link.receive(peer, limit) } -> std::same_as<std::vector<std::byte>>;
  { link.receive_any(limit) } -> std::same_as<Arrival>;
  { link.close() } -> std::same_as<void>;
};

}  // namespace asyndgan::transport
