// SPDX-License-Identifier: Apache-2.0
//
// The centre's part of a SocketEndpoint: who comes in.
#include <algorithm>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/log.hpp"
#include "net/socket.hpp"
#include "net/socket_endpoint.hpp"

namespace asyndgan::transport::net {
namespace {

constexpr std::size_t kMostGreeting = 256;               // connections that are not let in yet
constexpr auto kRefusedAgain = std::chrono::seconds(1);  // a line of the log

tcp::endpoint parse(const std::string& address, std::uint16_t port) {
  error_code failed;
  const auto parsed = asio::ip::make_address(address, failed);
  if (failed) throw TransportError("cannot listen: '" + address + "' is no IP address");
  return {parsed, port};
}

}  // namespace

void SocketEndpoint::listen(const std::string& address, std::uint16_t port) {
  tcp::endpoint at = parse(address, port);
  error_code failed;
  acceptor_.open(at.protocol(), failed);
  if (failed == asio::error::address_family_not_supported && address == "::") {
    at = {asio::ip::address_v4::any(), port};  // a machine without IPv6
    acceptor_.open(at.protocol(), failed);
  }
  if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed && at.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), failed);
  if (!failed) acceptor_.bind(at, failed);
  if (!failed) acceptor_.listen(tcp::acceptor::max_listen_connections, failed);
  if (failed) throw TransportError("cannot listen on " + text(at) + ": " + failed.message());
  port_ = acceptor_.local_endpoint().port();
}

awaitable<void> SocketEndpoint::accept() {
  bool failing = false;
  error_code ignored;
  while (acceptor_.is_open()) {
    if (greeting_.size() < kMostGreeting) {
      co_await accept_one(failing);
    } else {  // the others wait in the system's queue
      gate_.expires_at(Clock::time_point::max());
      co_await gate_.async_wait(resume_with(ignored));
    }
  }
}

// When the process has no file handle left, those that came before keep theirs.
awaitable<void> SocketEndpoint::accept_one(bool& failing) {
  error_code failed;
  tcp::endpoint from;
  tcp::socket socket = co_await acceptor_.async_accept(from, resume_with(failed));
  if (!failed) {
    failing = false;
    greet(std::move(socket), from);
  } else if (acceptor_.is_open()) {
    if (!std::exchange(failing, true)) {
      log(LogLevel::warning, "no new site can connect for now: " + failed.message());
    }
    gate_.expires_after(options_.timeouts().first_pause());
    error_code ignored;
    co_await gate_.async_wait(resume_with(ignored));
  }
}

void SocketEndpoint::greet(tcp::socket socket, const tcp::endpoint& from) {
  const auto connection = std::make_shared<Connection>(std::move(socket), from, *security_);
  greeting_.insert(connection);
  asio::co_spawn(io_, admit(connection), [this, connection](const std::exception_ptr& failure) {
    greeting_.erase(connection);
    gate_.cancel();
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      refused(connection->address() + ": " + error.what());
      connection->close(error.what());
    }
  });
}

// Whoever can reach the port could fill the log.
void SocketEndpoint::refused(std::string who_and_why) {
  ++refused_;
  last_refused_ = std::move(who_and_why);
  tell_refused();
}

void SocketEndpoint::tell_refused() {
  const auto now = Clock::now();
  if (refused_ == 0 || now < refused_told_ + kRefusedAgain) return;
  const std::string others =
      refused_ == 1 ? "" : std::to_string(refused_) + " connections, the last of them ";
  log(LogLevel::warning, "refused " + others + last_refused_);
  refused_ = 0;
  refused_told_ = now;
}

awaitable<void> SocketEndpoint::admit(std::shared_ptr<Connection> connection) {
  const auto limit =
      connection->close_after(options_.timeouts().greeting(), "it took too long to say who it is");
  std::exception_ptr refused;
  std::shared_ptr<Session> session;
  try {
    co_await connection->handshake();
    const Peer peer = co_await identify(*connection);
    session = begin(peer, connection);  // before the site knows that it is in
    co_await connection->write_greeting(peer, "");
    session->start();
  } catch (const std::exception&) {
    refused = std::current_exception();
  }
  if (refused) {
    if (session) session->end("it left before it was let in");
    co_await connection->part();
    limit->cancel();
    std::rethrow_exception(refused);
  }
  limit->cancel();
}

// The rank of who is at the other end. A certificate outweighs a claim.
awaitable<Peer> SocketEndpoint::identify(Connection& connection) {
  std::string refusal;
  std::string name;
  Peer program = 0;
  try {
    const Greeting greeting = co_await connection.read_greeting();
    name = connection.stream().proved_name().value_or(greeting.text);
    program = greeting.number;
  } catch (const VersionError& error) {
    refusal = error.what();
  }
  const auto found = std::find(roster_.begin(), roster_.end(), name);
  if (refusal.empty() && found == roster_.end()) {
    refusal = "there is no site '" + name + "' in this federation";
  }
  if (!refusal.empty()) {
    co_await connection.write_greeting(0, printable(refusal));
    throw TransportError(printable(refusal));
  }
  const auto peer = static_cast<Peer>(found - roster_.begin() + 1);
  if (!gives_place(peer, program)) {
    refusal = "a newer program of site '" + name + "' has its place";
    co_await connection.write_greeting(kReplaced, printable(refusal));
    throw TransportError(printable(refusal));
  }
  co_return peer;
}

// To a program that none has come after yet. So two that run by mistake do not take turns.
bool SocketEndpoint::gives_place(Peer peer, Peer program) {
  constexpr std::size_t kMostReplaced = 64;  // of a site, remembered
  auto& place = programs_[peer];
  if (program == 0 || program == place.present) return true;
  const auto& replaced = place.replaced;
  if (std::find(replaced.begin(), replaced.end(), program) != replaced.end()) return false;
  if (place.present != 0) place.replaced.push_back(place.present);
  if (replaced.size() > kMostReplaced) place.replaced.pop_front();
  place.present = program;
  return true;
}

}  // namespace asyndgan::transport::net
