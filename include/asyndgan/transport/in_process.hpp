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
#include "asyndgan/transport/timeouts.hpp"
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
    std::chrono::milliseconds send_limit = Timeouts{}.patience;  // for room to appear
  };

  /// Throws ContractViolation unless sites >= 1 and capacity >= 1.
  explicit InProcessHub(int sites) : InProcessHub(sites, Options{}) {}
  InProcessHub(int sites, const Options& options);

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

  void send(Peer peer, std::span<const std::byte> message);

  [[nodiscard]] std::vector<std::byte> receive(Peer peer, std::chrono::milliseconds limit);

  [[nodiscard]] Arrival receive_any(std::chrono::milliseconds limit);

  void close();

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
  void require_peer(Peer peer) const;

  template <class F>
  void for_each_peer_in_turn(const F& f) const;
  [[nodiscard]] Peer next_ready() const;
  [[nodiscard]] bool anybody_left() const;

  [[nodiscard]] std::vector<std::byte> take(Rank& own, Inbox& inbox,
                                            std::unique_lock<std::mutex>& lock) const;

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

}  // namespace asyndgan::transport

#ifndef ASYNDGAN_COMPILED
#include "asyndgan/transport/impl/in_process.hpp"
#endif
