// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "link/endpoint.hpp"
#include "link/mailbox.hpp"
#include "net/asio.hpp"
#include "net/connection.hpp"
#include "net/reach.hpp"
#include "net/session.hpp"
#include "net/stream.hpp"

namespace asyndgan::transport::net {

/// Where a centre listens and whom it expects.
struct Listening {
  std::string address;
  std::uint16_t port = 0;
  std::vector<std::string> sites;
};

/// One end of a star of sockets, with the thread that moves its bytes.
class SocketEndpoint final : public Endpoint {
 public:
  /// Both throw what Tcp::listen() and Tcp::connect() do.
  SocketEndpoint(const Listening& listening, const NetworkOptions& options,
                 std::unique_ptr<Security> security);
  SocketEndpoint(const Joining& joining, const NetworkOptions& options,
                 std::unique_ptr<Security> security);
  // NOLINTNEXTLINE(bugprone-exception-escape): what it may throw is a broken mutex or thread
  ~SocketEndpoint() override { close(); }

  [[nodiscard]] Mailbox& mailbox() override { return mailbox_; }
  [[nodiscard]] Peer rank() const override { return rank_; }
  [[nodiscard]] std::uint16_t port() const override { return port_; }
  void close() override;

 private:
  void launch();
  void stop();

  // The centre: accept.cpp.
  void listen(const std::string& address, std::uint16_t port);
  awaitable<void> accept();
  awaitable<void> accept_one(bool& failing);
  void greet(tcp::socket socket, const tcp::endpoint& from);
  awaitable<void> admit(std::shared_ptr<Connection> connection);
  awaitable<Peer> identify(Connection& connection);
  [[nodiscard]] bool gives_place(Peer peer, Peer program);
  void refused(std::string who_and_why);
  void tell_refused();  // at most once a second

  // A site: join.cpp.
  awaitable<void> join(Joining joining);

  /// Makes it the peer's present connection. To be started.
  [[nodiscard]] std::shared_ptr<Session> begin(Peer peer, std::shared_ptr<Connection> connection);
  awaitable<void> watch();

  NetworkOptions options_;
  std::unique_ptr<Security> security_;
  std::vector<std::string> roster_;
  Peer rank_ = 0;
  std::uint16_t port_ = 0;
  asio::io_context io_{1};  // runs in one thread
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  Mailbox mailbox_;

  // Of the io thread, once it runs.
  tcp::acceptor acceptor_{io_};
  asio::steady_timer gate_{io_};  // the acceptor waits here
  asio::steady_timer watch_{io_};
  std::set<std::shared_ptr<Connection>> greeting_;
  struct Programs {
    Peer present = 0;  // number of the one that came last
    std::deque<Peer> replaced;
  };
  std::map<Peer, Programs> programs_;  // of every site
  std::size_t refused_ = 0;            // that the log has not been told of
  std::string last_refused_;
  Clock::time_point refused_told_{};
  std::set<std::shared_ptr<Session>> sessions_;
  bool closing_ = false;

  std::thread thread_;
};

}  // namespace asyndgan::transport::net
