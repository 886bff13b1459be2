// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "link/mailbox.hpp"
#include "net/asio.hpp"
#include "net/connection.hpp"

namespace asyndgan::transport::net {

/// A connection that was let in: moves messages between it and the mailbox until it ends.
/// Every message is its length in 8 bytes, then itself; a length of 0 is a heartbeat.
///
/// Threads  that of the endpoint, but for what Line says.
class Session : public Line, public std::enable_shared_from_this<Session> {
 public:
  Session(Peer peer, std::shared_ptr<Connection> connection, Mailbox& mailbox,
          const NetworkOptions& options, std::function<void(Session&)> on_end);

  void start();
  /// The own side closes: what was sent still goes out.
  void finish();
  void end(const std::string& reason);
  /// Ends it if the peer was silent for too long, or takes nothing any more after finish().
  void judge(Clock::time_point now);

  [[nodiscard]] const Stream& stream() const { return connection_->stream(); }

  void wake_writer() override;
  void wake_reader() override;
  void cut(const std::string& reason) override;

 private:
  awaitable<void> read();
  awaitable<void> room();
  awaitable<void> write();

  std::shared_ptr<Connection> connection_;
  Mailbox& mailbox_;
  const NetworkOptions& options_;
  asio::steady_timer writer_;
  asio::steady_timer reader_;
  std::function<void(Session&)> on_end_;
  bool held_back_ = false;  // the reader waits for room
  bool finishing_ = false;
  bool ended_ = false;
  std::size_t unconfirmed_ = 0;         // when finishing, at
  Clock::time_point last_confirmed_{};  // this time
};

}  // namespace asyndgan::transport::net
