// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/asio.hpp"
#include "net/greeting.hpp"
#include "net/stream.hpp"

namespace asyndgan::transport::net {

/// One socket and the stream over it, for coroutines.
///
/// Errors   TransportError with why the connection is lost or was closed.
/// Threads  that of the endpoint.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const tcp::endpoint& peer, Security& security);

  awaitable<void> handshake();
  /// Fills `bytes`; false if the other end closed before the first of them.
  awaitable<bool> read(std::span<std::byte> bytes);
  /// Memory is set aside at once but touched only as the bytes arrive.
  awaitable<std::vector<std::byte>> read_message(std::size_t size);
  awaitable<void> write(std::span<const std::byte> bytes);
  awaitable<Greeting> read_greeting();
  /// No Greeting: GCC 12 destroys an aggregate in an operand of co_await twice (GCC 99576).
  awaitable<void> write_greeting(Peer number, std::string text);
  /// Says that nothing follows, and waits until the other end's system has everything.
  awaitable<void> flush();
  /// Says that nothing follows, and waits until the other end has gone: were it closed at once,
  /// the reason it is refused for could be lost.
  awaitable<void> part();

  /// One step of a write; waits if that is what it wants, and lets others have a turn.
  [[nodiscard]] Progress write_some(std::span<const std::byte> bytes);
  awaitable<void> after(Progress progress);

  void close(const std::string& reason);
  /// From now on close() resets, which reaches a peer whose own bytes alone get through: an end
  /// in good order would wait behind what it has not confirmed.
  void reset_on_close() noexcept;
  /// Closes it after `limit` unless the result is destroyed before.
  [[nodiscard]] std::shared_ptr<asio::steady_timer> close_after(Clock::duration limit,
                                                                std::string reason);
  /// No byte can follow: reading comes to its end.
  void finish() noexcept;

  [[nodiscard]] tcp::socket::executor_type executor() { return socket_.get_executor(); }
  [[nodiscard]] bool open() const { return socket_.is_open(); }
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] const Stream& stream() const { return *stream_; }
  [[nodiscard]] std::size_t unconfirmed();
  [[nodiscard]] Clock::time_point last_read() const { return last_read_; }
  [[nodiscard]] Clock::time_point last_write() const { return last_write_; }
  void heard() { last_read_ = Clock::now(); }

 private:
  void require_open() const;

  tcp::socket socket_;
  std::unique_ptr<Stream> stream_;
  std::string address_;
  std::string reason_;  // why it was closed
  Clock::time_point last_read_ = Clock::now();
  Clock::time_point last_write_ = Clock::now();
  std::size_t turn_ = 0;  // bytes since others had a turn
};

}  // namespace asyndgan::transport::net
