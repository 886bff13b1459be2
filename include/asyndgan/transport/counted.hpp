// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
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

/// Of all kinds.
template <class Kind>
[[nodiscard]] Traffic sum(const std::map<Kind, Traffic>& by_kind) {
  Traffic all;
  for (const auto& [kind, traffic] : by_kind) all += traffic;
  return all;
}

/// Tells messages apart, for a Counted: kind_of(message) is a value with an order. Whoever knows
/// what the bytes mean has one (protocol::FrameKinds); a transport does not.
template <class K>
concept Kinds = requires(std::span<const std::byte> message) {
  { K::kind_of(message) } -> std::totally_ordered;
};

/// All messages alike.
struct OneKind {
  [[nodiscard]] static int kind_of(std::span<const std::byte> /*message*/) { return 0; }
};
static_assert(Kinds<OneKind>);

/// Any transport, with a count of what it moved, by peer and kind. A message counts once its
/// send() or receive() has returned.
///
/// Threads  as the transport; the counts may be read at any time.
template <Transport Link, Kinds Sort = OneKind>
class Counted {
 public:
  using Kind = decltype(Sort::kind_of({}));
  using ByKind = std::map<Kind, Traffic>;

  explicit Counted(Link link) : link_(std::move(link)) {}

  void send(Peer peer, std::span<const std::byte> message) {
    link_.send(peer, message);
    add(peer, message, {.messages_sent = 1, .bytes_sent = message.size()});
  }
  [[nodiscard]] std::vector<std::byte> receive(Peer peer, std::chrono::milliseconds limit) {
    auto message = link_.receive(peer, limit);
    add(peer, message, {.messages_received = 1, .bytes_received = message.size()});
    return message;
  }
  [[nodiscard]] Arrival receive_any(std::chrono::milliseconds limit) {
    auto arrival = link_.receive_any(limit);
    if (!arrival.gone()) {
      add(arrival.peer, arrival.message,
          {.messages_received = 1, .bytes_received = arrival.message.size()});
    }
    return arrival;
  }
  void close() { link_.close(); }

  /// Of the kinds that there were.
  [[nodiscard]] ByKind traffic_by_kind(Peer peer) const {
    const std::lock_guard lock(counts_->mutex);
    const auto found = counts_->by_peer.find(peer);
    return found == counts_->by_peer.end() ? ByKind{} : found->second;
  }
  [[nodiscard]] Traffic traffic(Peer peer) const { return sum(traffic_by_kind(peer)); }
  [[nodiscard]] Traffic total() const {
    const std::lock_guard lock(counts_->mutex);
    Traffic all;
    for (const auto& [peer, kinds] : counts_->by_peer) all += sum(kinds);
    return all;
  }

  [[nodiscard]] Link& link() { return link_; }

 private:
  struct Counts {
    std::mutex mutex;
    std::map<Peer, ByKind> by_peer;
  };

  void add(Peer peer, std::span<const std::byte> message, const Traffic& traffic) {
    const auto kind = Sort::kind_of(message);
    const std::lock_guard lock(counts_->mutex);
    counts_->by_peer[peer][kind] += traffic;
  }

  Link link_;
  std::unique_ptr<Counts> counts_ = std::make_unique<Counts>();  // stays put when moved
};

}  // namespace asyndgan::transport
