// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::transport {

class InProcess;

/// The room where the endpoints of one process meet: the central node and S sites.
///
///   InProcessHub hub(2);
///   InProcess central = hub.join(0), first = hub.join(1), second = hub.join(2);
///
/// Until a rank joins, messages to it wait; after its endpoint closed, the rank may join anew,
/// as a site that returns.
class InProcessHub {
 public:
  struct Options {
    std::size_t capacity = 8;  // messages that wait from one rank to another
    std::chrono::milliseconds send_limit = std::chrono::minutes(1);  // for room to appear
  };

  /// Throws ContractViolation unless sites >= 1 and capacity >= 1.
  explicit InProcessHub(int sites) : InProcessHub(sites, Options{}) {}
  InProcessHub(int sites, const Options& options) : state_(std::make_shared<State>(options)) {
    if (sites < 1 || options.capacity < 1) {
      throw ContractViolation("InProcessHub: needs at least one site and room for one message");
    }
    state_->ranks = std::vector<Rank>(static_cast<std::size_t>(sites) + 1);
    for (auto& rank : state_->ranks) rank.inboxes.resize(state_->ranks.size());
  }

  /// The endpoint of `rank`. Throws TransportError while another one is open.
  [[nodiscard]] InProcess join(Peer rank);

 private:
  friend class InProcess;

  enum class Presence { awaited, open, gone };

  struct Inbox {
    std::deque<std::vector<std::byte>> messages;
    bool told_gone = false;  // receive_any() has said so
  };
  struct Rank {
    Presence presence = Presence::awaited;
    std::vector<Inbox> inboxes;        // by sender
    std::condition_variable arrived;   // into one of its inboxes, or a peer closed
    std::condition_variable has_room;  // one of its inboxes, or it closed
    Peer last_served = 0;              // by receive_any()
  };
  struct State {
    explicit State(const Options& options_) : options(options_) {}
    Options options;
    std::mutex mutex;  // of all below; messages are copied outside of it
    std::vector<Rank> ranks;
  };

  std::shared_ptr<State> state_;
};

/// One endpoint of an InProcessHub: sites as threads of one process. Closed on destruction.
class InProcess {
 public:
  InProcess(InProcess&&) noexcept = default;
  InProcess& operator=(InProcess&& other) noexcept {
    close();
    state_ = std::move(other.state_);
    rank_ = other.rank_;
    return *this;
  }
  ~InProcess() { close(); }

  [[nodiscard]] Peer rank() const { return rank_; }

  void send(Peer peer, std::span<const std::byte> message) {
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

  [[nodiscard]] std::vector<std::byte> receive(Peer peer, std::chrono::milliseconds limit) {
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

  [[nodiscard]] Arrival receive_any(std::chrono::milliseconds limit) {
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

  void close() {
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

 private:
  friend class InProcessHub;
  using Hub = InProcessHub;
  using Inbox = Hub::Inbox;
  using Rank = Hub::Rank;
  using Presence = Hub::Presence;
  static constexpr Peer kNobody = -1;

  InProcess(std::shared_ptr<Hub::State> state, Peer rank) : state_(std::move(state)), rank_(rank) {}

  [[nodiscard]] Rank& at(Peer rank) const { return state_->ranks[static_cast<std::size_t>(rank)]; }
  [[nodiscard]] static Inbox& from(Rank& rank, Peer sender) {
    return rank.inboxes[static_cast<std::size_t>(sender)];
  }
  [[nodiscard]] bool closed() const { return at(rank_).presence == Presence::gone; }
  void require_open() const {
    if (closed()) throw TransportError("InProcess: this endpoint is closed");
  }

  void require_whole() const {
    if (!state_) throw ContractViolation("InProcess: moved-from endpoint");
  }
  // Sites talk to the centre, the centre to sites.
  void require_peer(Peer peer) const {
    require_whole();
    const bool known = peer >= 0 && peer < static_cast<Peer>(state_->ranks.size());
    if (!known || (peer == kCentral) == (rank_ == kCentral)) {
      throw ContractViolation("InProcess: rank " + std::to_string(rank_) + " has no peer of rank " +
                              std::to_string(peer));
    }
  }

  template <class F>
  void for_each_peer_in_turn(const F& f) const {
    const auto ranks = static_cast<Peer>(state_->ranks.size());
    for (Peer i = 1; i <= ranks; ++i) {
      const Peer peer = (at(rank_).last_served + i) % ranks;
      if ((peer == kCentral) != (rank_ == kCentral) && f(peer)) return;
    }
  }
  [[nodiscard]] Peer next_ready() const {
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
  [[nodiscard]] bool anybody_left() const {
    bool left = false;
    for_each_peer_in_turn([&](Peer peer) { return left = at(peer).presence != Presence::gone; });
    return left;
  }

  [[nodiscard]] std::vector<std::byte> take(Rank& own, Inbox& inbox,
                                            std::unique_lock<std::mutex>& lock) const {
    std::vector<std::byte> message = std::move(inbox.messages.front());
    inbox.messages.pop_front();
    lock.unlock();
    own.has_room.notify_all();
    return message;
  }

  [[nodiscard]] static std::string name(Peer peer) {
    return peer == kCentral ? "the centre" : "site " + std::to_string(peer);
  }
  [[nodiscard]] static std::string text(std::chrono::milliseconds limit) {
    return std::to_string(limit.count()) + " ms";
  }

  std::shared_ptr<Hub::State> state_;
  Peer rank_;
};
static_assert(Transport<InProcess>);

inline InProcess InProcessHub::join(Peer rank) {
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

}  // namespace asyndgan::transport
