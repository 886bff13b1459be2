// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::transport {

/// How often which fault befalls a message that is sent: probabilities, each drawn by itself.
struct Faults {
  std::uint64_t seed = 0;
  double delay = 0;
  std::chrono::milliseconds longest_delay = std::chrono::milliseconds(10);
  double drop = 0;
  double duplicate = 0;
  double reorder = 0;  // it goes after the next one to the same peer, or never if it is the last
  double cut = 0;      // the whole link is closed in its place
};

/// Any transport, made worse, for tests: what befalls a message that this end sends is a function
/// of (seed, peer, number of the message to that peer), so a failure is repeated by its seed.
///
/// Ensures  less than the concept, on purpose: a dropped, duplicated or reordered message breaks
///          its promise of whole messages in order. Delays and cuts keep it.
/// Threads  as the transport.
template <Transport Link>
class Faulty {
 public:
  Faulty(Link link, const Faults& faults) : link_(std::move(link)), faults_(faults) {}

  void send(Peer peer, std::span<const std::byte> message) {
    Lane& lane = this->lane(peer);
    const random::Stream random({.seed = faults_.seed,
                                 .site = static_cast<std::uint32_t>(peer),
                                 .purpose = random::Purpose::transport});
    const std::uint64_t first = kDraws * lane.number++;  // of the draws of this message
    const auto befalls = [&](std::uint64_t draw, double probability) {
      return random.uniform(first + draw) < probability;
    };
    if (befalls(0, faults_.cut)) {
      link_.close();
      throw TransportError("cut at message " + std::to_string(lane.number) + " to rank " +
                           std::to_string(peer) + " (seed " + std::to_string(faults_.seed) + ")");
    }
    if (befalls(1, faults_.delay)) {
      std::this_thread::sleep_for(random.uniform(first + 2) * faults_.longest_delay);
    }
    if (befalls(3, faults_.drop)) return;
    if (!lane.held && befalls(4, faults_.reorder)) {
      lane.held.emplace(message.begin(), message.end());
      return;
    }
    link_.send(peer, message);
    if (befalls(5, faults_.duplicate)) link_.send(peer, message);
    if (const auto held = std::exchange(lane.held, std::nullopt)) link_.send(peer, *held);
  }
  [[nodiscard]] std::vector<std::byte> receive(Peer peer, std::chrono::milliseconds limit) {
    return link_.receive(peer, limit);
  }
  [[nodiscard]] Arrival receive_any(std::chrono::milliseconds limit) {
    return link_.receive_any(limit);
  }
  void close() { link_.close(); }

  [[nodiscard]] Link& link() { return link_; }

 private:
  static constexpr std::uint64_t kDraws = 6;  // for each message

  /// What is known of the messages to one peer; of the thread that speaks with it.
  struct Lane {
    std::uint64_t number = 0;
    std::optional<std::vector<std::byte>> held;
  };
  struct Lanes {
    std::mutex mutex;
    std::map<Peer, Lane> by_peer;
  };

  [[nodiscard]] Lane& lane(Peer peer) {
    const std::lock_guard lock(lanes_->mutex);
    return lanes_->by_peer[peer];
  }

  Link link_;
  Faults faults_;
  std::unique_ptr<Lanes> lanes_ = std::make_unique<Lanes>();  // stays put when moved
};

}  // namespace asyndgan::transport
