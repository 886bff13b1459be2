// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/transport/network_link.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::transport::net {

/// One connection, as the callers' side sees it. The wakes may come from any thread.
class Line {
 public:
  Line(Peer peer, std::string address) : peer_(peer), address_(std::move(address)) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  virtual ~Line() = default;

  virtual void wake_writer() = 0;
  virtual void wake_reader() = 0;
  virtual void cut(const std::string& reason) = 0;  // from any thread, takes effect later

  [[nodiscard]] Peer peer() const { return peer_; }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  Peer peer_;
  std::string address_;
};

/// A message on its way out, on the stack of the thread in send(). The length and the first
/// bytes are copied into one piece, so that a small message is one packet and one TLS record.
struct Outgoing {
  explicit Outgoing(std::span<const std::byte> message);

  static constexpr std::size_t kFirst = 16384;    // the most that a TLS record holds
  static constexpr std::size_t kSlice = 1 << 18;  // then the io thread serves others
  std::array<std::byte, kFirst> first;
  std::size_t first_size;
  std::span<const std::byte> rest;
  std::size_t written = 0;  // of both
  bool begun = false;       // bytes may be out
  bool busy = false;        // the io thread is reading it
  bool leaving = false;     // its caller waits for that to end
  bool failed = false;

  [[nodiscard]] bool done() const { return written == first_size + rest.size(); }
  [[nodiscard]] std::span<const std::byte> next() const;
};

/// Where the threads of the callers and the io thread meet: what has arrived from each peer, what
/// is on its way out, and which connection is a peer's present one.
class Mailbox {
 public:
  /// Whether a peer that is gone may come back, so that somebody is left to wait for.
  enum class Returns { no, yes };

  /// Peers `first`, `first` + 1, ... with the words that errors call them by.
  Mailbox(Peer first, std::vector<std::string> labels, const NetworkOptions& options,
          Returns returns);

  // For callers: the operations of the concept.
  void send(Peer peer, std::span<const std::byte> message);
  [[nodiscard]] std::vector<std::byte> receive(Peer peer, std::chrono::milliseconds limit);
  [[nodiscard]] Arrival receive_any(std::chrono::milliseconds limit);
  void close();  // everything above throws from now on

  // For the io thread.
  /// Returns the connection that `line` takes the place of.
  std::shared_ptr<Line> opened(std::shared_ptr<Line> line);
  void ended(const Line& line, const std::string& reason);
  /// Nothing can be sent any more; what the peer sent before may still come.
  void broken(const Line& line, const std::string& reason);
  /// Before memory is taken for it. Throws TransportError for a message that is too long.
  void require_length(std::uint64_t length) const;
  [[nodiscard]] bool has_room(const Line& line) const;
  void deliver(const Line& line, std::vector<std::byte> message);
  /// The next bytes to write, none if there are none. They stay valid until wrote().
  [[nodiscard]] std::span<const std::byte> next_slice(const Line& line);
  void wrote(const Line& line, std::size_t bytes);

 private:
  /// A message, or, if empty, the end of a connection.
  struct Entry {
    std::vector<std::byte> message;
    std::string reason = {};
    bool told = false;  // by send() or receive(); receive_any() removes what it tells

    [[nodiscard]] bool end() const { return message.empty(); }
  };
  struct Seat {
    std::string label;
    std::shared_ptr<Line> line;    // the present connection
    std::deque<Entry> entries;     // of the present and of earlier ones
    std::string gone;              // why there is none; empty before the first
    std::string broken;            // why the present one takes nothing
    bool told_broken = false;      // by send()
    Outgoing* outgoing = nullptr;  // in the present one
    std::condition_variable changed;
  };
  using Lock = std::unique_lock<std::mutex>;

  [[nodiscard]] Seat& at(Peer peer);
  [[nodiscard]] Seat* present(const Line& line);
  [[nodiscard]] const Seat* present(const Line& line) const;
  void require_open() const;
  [[nodiscard]] static std::size_t waiting(const Seat& seat);
  static void settle(Seat& seat);
  void finish(Seat& seat, const std::string& reason);
  static void drop_outgoing(Seat& seat);
  void refuse_if_ended(Seat& seat) const;
  void await_line(Seat& seat, Lock& lock) const;
  void await_written(Seat& seat, Outgoing& out, Lock& lock);
  [[nodiscard]] std::vector<std::byte> take(Seat& seat) const;
  [[nodiscard]] Seat* next_ready();
  [[nodiscard]] bool anybody_left() const;

  Peer first_;
  NetworkOptions options_;
  Returns returns_;
  mutable std::mutex mutex_;  // of all below
  std::deque<Seat> seats_;    // a deque, because a Seat cannot move
  std::condition_variable any_;
  std::size_t last_served_ = 0;
  bool closed_ = false;
};

}  // namespace asyndgan::transport::net
