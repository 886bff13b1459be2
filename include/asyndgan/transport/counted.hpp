// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "asyndgan/transport/transport.hpp"

namespace asyndgan::transport {

/// Messages and their bytes, of the messages alone: what a transport adds is not in them.
struct Traffic {
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;

  Traffic& operator+=(const Traffic& other) {
    messages_sent += other.messages_sent;
    bytes_sent += other.bytes_sent;
    messages_received += other.messages_received;
    bytes_received += other.bytes_received;
    return *this;
  }
  friend bool operator==(const Traffic&, const Traffic&) = default;
};

/// Any transport, with a count of what it moved. A message counts once its send() or receive()
/// has returned.
///
/// Threads  as the transport; the counts may be read at any time.
template <Transport Link>
class Counted {
 public:
  explicit Counted(Link link) : link_(std::move(link)) {}

  void send(Peer peer, std::span<const std::byte> message) {
    link_.send(peer, message);
    add(peer, {.messages_sent = 1, .bytes_sent = message.size()});
  }
  [[nodiscard]] std::vector<std::byte> receive(Peer peer, std::chrono::milliseconds limit) {
    auto message = link_.receive(peer, limit);
    add(peer, {.messages_received = 1, .bytes_received = message.size()});
    return message;
  }
  [[nodiscard]] Arrival receive_any(std::chrono::milliseconds limit) {
    auto arrival = link_.receive_any(limit);
    if (!arrival.gone()) {
      add(arrival.peer, {.messages_received = 1, .bytes_received = arrival.message.size()});
    }
    return arrival;
  }
  void close() { link_.close(); }

  [[nodiscard]] Traffic traffic(Peer peer) const {
    const std::lock_guard lock(counts_->mutex);
    const auto found = counts_->by_peer.find(peer);
    return found == counts_->by_peer.end() ? Traffic{} : found->second;
  }
  [[nodiscard]] Traffic total() const {
    const std::lock_guard lock(counts_->mutex);
    Traffic sum;
    for (const auto& [peer, traffic] : counts_->by_peer) sum += traffic;
    return sum;
  }

  [[nodiscard]] Link& link() { return link_; }

 private:
  struct Counts {
    std::mutex mutex;
    std::map<Peer, Traffic> by_peer;
  };

  void add(Peer peer, const Traffic& traffic) {
    const std::lock_guard lock(counts_->mutex);
    counts_->by_peer[peer] += traffic;
  }

  Link link_;
  std::unique_ptr<Counts> counts_ = std::make_unique<Counts>();  // stays put when moved
};

}  // namespace asyndgan::transport
