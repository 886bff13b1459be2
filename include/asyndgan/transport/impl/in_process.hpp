// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of transport/in_process.hpp.

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/transport/in_process.hpp"

namespace asyndgan::transport {

ASYNDGAN_INLINE InProcessHub::InProcessHub(int sites, const Options& options)
    : state_(std::make_shared<State>(options)) {
  if (sites < 1 || options.capacity < 1) {
    throw ContractViolation("InProcessHub: needs at least one site and room for one message");
  }
  state_->ranks = std::vector<Rank>(static_cast<std::size_t>(sites) + 1);
  for (auto& rank : state_->ranks) rank.inboxes.resize(state_->ranks.size());
}

ASYNDGAN_INLINE InProcess InProcessHub::join(Peer rank) {
  if (rank < 0 || rank >= static_cast<Peer>(state_->ranks.size())) {
    throw ContractViolation("InProcessHub: no rank " + std::to_string(rank) + " among " +
                            std::to_string(state_->ranks.size()));
  }
  const std::lock_guard lock(state_->mutex);
  Rank& joining = state_->ranks[static_cast<std::size_t>(rank)];
  if (joining.presence == Presence::open) {
    throw TransportError("rank " + std::to_string(rank) + " has already joined");
  }
  joining.presence = Presence::open;
  for (auto& other : state_->ranks) {
    other.inboxes[static_cast<std::size_t>(rank)].told_gone = false;
  }
  return InProcess(state_, rank);
}

template <class F>
void InProcess::for_each_peer_in_turn(const F& f) const {
  const auto ranks = static_cast<Peer>(state_->ranks.size());
  for (Peer i = 1; i <= ranks; ++i) {
    const Peer peer = (at(rank_).last_served + i) % ranks;
    if ((peer == kCentral) != (rank_ == kCentral) && f(peer)) return;
  }
}

ASYNDGAN_INLINE void InProcess::send(Peer peer, std::span<const std::byte> message) {
  require_peer(peer);
  if (message.empty()) throw ContractViolation("InProcess: empty message");
  std::vector<std::byte> copy(message.begin(), message.end());
  std::unique_lock lock(state_->mutex);
  Rank& to = at(peer);
  auto& inbox = from(to, rank_);
  const auto limit = state_->options.send_limit;
  const bool decided = to.has_room.wait_for(lock, limit, [&] {
    return closed() || to.presence == Presence::gone ||
           inbox.messages.size() < state_->options.capacity;
  });
  require_open();
  if (to.presence == Presence::gone) throw TransportError(name(peer) + " is gone");
  if (!decided) throw TransportTimeout(name(peer) + " took no message for " + text(limit));
  inbox.messages.push_back(std::move(copy));
  lock.unlock();
  to.arrived.notify_all();
}

ASYNDGAN_INLINE std::vector<std::byte> InProcess::receive(Peer peer,
                                                          std::chrono::milliseconds limit) {
  require_peer(peer);
  std::unique_lock lock(state_->mutex);
  Rank& own = at(rank_);
  Inbox& inbox = from(own, peer);
  const bool decided = own.arrived.wait_for(lock, limit, [&] {
    return closed() || !inbox.messages.empty() || at(peer).presence == Presence::gone;
  });
  require_open();
  if (!inbox.messages.empty()) return take(own, inbox, lock);
  if (!decided) throw TransportTimeout(name(peer) + " did not answer within " + text(limit));
  throw TransportError(name(peer) + " is gone");
}

ASYNDGAN_INLINE Arrival InProcess::receive_any(std::chrono::milliseconds limit) {
  require_whole();
  std::unique_lock lock(state_->mutex);
  Rank& own = at(rank_);
  Peer peer = kNobody;
  const bool decided = own.arrived.wait_for(lock, limit, [&] {
    peer = next_ready();
    return closed() || peer != kNobody || !anybody_left();
  });
  require_open();
  if (!decided) throw TransportTimeout("no peer sent anything within " + text(limit));
  if (peer == kNobody) throw TransportError("every peer is gone");
  own.last_served = peer;
  Inbox& inbox = from(own, peer);
  if (!inbox.messages.empty()) return {peer, take(own, inbox, lock)};
  inbox.told_gone = true;
  return {peer, {}};
}

ASYNDGAN_INLINE void InProcess::close() {
  if (!state_) return;
  {
    const std::lock_guard lock(state_->mutex);
    if (closed()) return;
    at(rank_).presence = Presence::gone;
    for (auto& inbox : at(rank_).inboxes) inbox.messages.clear();  // nobody will read them
  }
  for (auto& rank : state_->ranks) rank.arrived.notify_all();
  for (auto& rank : state_->ranks) rank.has_room.notify_all();
}

ASYNDGAN_INLINE void InProcess::require_peer(Peer peer) const {
  require_whole();
  const bool known = peer >= 0 && peer < static_cast<Peer>(state_->ranks.size());
  if (!known || (peer == kCentral) == (rank_ == kCentral)) {
    throw ContractViolation("InProcess: rank " + std::to_string(rank_) + " has no peer of rank " +
                            std::to_string(peer));
  }
}

ASYNDGAN_INLINE Peer InProcess::next_ready() const {
  Peer ready = kNobody;
  for_each_peer_in_turn([&](Peer peer) {
    const Inbox& inbox = from(at(rank_), peer);
    if (inbox.messages.empty() && (at(peer).presence != Presence::gone || inbox.told_gone)) {
      return false;
    }
    ready = peer;
    return true;
  });
  return ready;
}

ASYNDGAN_INLINE bool InProcess::anybody_left() const {
  bool left = false;
  for_each_peer_in_turn([&](Peer peer) { return left = at(peer).presence != Presence::gone; });
  return left;
}

ASYNDGAN_INLINE std::vector<std::byte> InProcess::take(Rank& own, Inbox& inbox,
                                                       std::unique_lock<std::mutex>& lock) const {
  std::vector<std::byte> message = std::move(inbox.messages.front());
  inbox.messages.pop_front();
  lock.unlock();
  own.has_room.notify_all();
  return message;
}

}  // namespace asyndgan::transport
