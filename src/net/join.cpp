// SPDX-License-Identifier: Apache-2.0
//
// A site's part of a SocketEndpoint: how it comes to its centre.
#include <algorithm>
#include <random>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "net/socket_endpoint.hpp"

namespace asyndgan::transport::net {

namespace {

// Others of the same site's name have other numbers.
Peer number_of(const NetworkOptions& options) {
  static const Peer drawn = [] {
    std::random_device entropy;
    return std::uniform_int_distribution<Peer>(1, kReplaced - 1)(entropy);
  }();
  return options.program == 0 ? drawn : static_cast<Peer>(options.program);
}

}  // namespace

awaitable<void> SocketEndpoint::join(Joining joining) {
  const auto addresses = co_await resolve(io_, joining);
  const auto limit_of_each = std::min(options_.patience, options_.timeouts().greeting());
  tcp::socket socket = co_await reach(io_, joining, addresses, limit_of_each);
  error_code ignored;
  const auto from = socket.remote_endpoint(ignored);
  const auto connection = std::make_shared<Connection>(std::move(socket), from, *security_);
  greeting_.insert(connection);
  const auto limit = connection->close_after(options_.patience, "it did not answer in time");
  Greeting answer;
  std::string failure;
  try {
    co_await connection->handshake();
    co_await connection->write_greeting(number_of(options_), joining.name);
    answer = co_await connection->read_greeting();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  greeting_.erase(connection);
  const bool late = limit->expiry() <= Clock::now();
  limit->cancel();
  const bool replaced = failure.empty() && answer.number == kReplaced;
  if (failure.empty() && (answer.number == 0 || replaced)) {
    failure = "it refused: " + printable(answer.text);
  }
  if (!failure.empty()) {
    connection->close(failure);
    const std::string line = "cannot join the centre at " + joining.where() + ": " + failure;
    if (late) throw TransportTimeout(line);
    if (replaced) throw TransportReplaced(line);
    throw TransportError(line);
  }
  rank_ = answer.number;
  begin(kCentral, connection)->start();
}

}  // namespace asyndgan::transport::net
