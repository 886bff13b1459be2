// SPDX-License-Identifier: Apache-2.0
#include "net/visit.hpp"

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "net/connection.hpp"

namespace asyndgan::transport::net {
namespace {

awaitable<tcp::socket> knock(asio::io_context& io, const Joining& joining, Clock::duration limit) {
  const auto addresses = co_await resolve(io, joining);
  try {
    auto socket = co_await reach(io, joining, addresses, limit);
    co_return std::move(socket);
  } catch (const TransportError& error) {
    throw TransportError(std::string(error.what()) +
                         "; is the centre running, and does the firewall here let this machine out "
                         "to it?");
  }
}

awaitable<void> call(asio::io_context& io, const Joining& joining, Clock::duration limit,
                     Security& security, const std::function<void(const Stream&)>& seen) {
  tcp::socket socket = co_await knock(io, joining, limit);
  error_code ignored;
  const auto from = socket.remote_endpoint(ignored);
  const auto connection = std::make_shared<Connection>(std::move(socket), from, security);
  const auto timer = connection->close_after(limit, "it did not answer in time");
  std::string failure;
  try {
    co_await connection->handshake();
    connection->finish();
    // In TLS 1.3 a site is through before the centre has judged it: the end of what the centre
    // says tells.
    std::array<std::byte, 1> nothing;
    const bool more = co_await connection->read(nothing);
    if (more) failure = "it speaks before it is greeted, so it is no centre";
  } catch (const std::exception& error) {
    failure = error.what();
  }
  const bool late = timer->expiry() <= Clock::now();
  timer->cancel();
  if (failure.empty()) {
    if (seen) seen(connection->stream());
    co_return;
  }
  const std::string line = "cannot join the centre at " + joining.where() + ": " + failure;
  if (late) throw TransportTimeout(line);
  throw TransportError(line);
}

}  // namespace

void visit(const Joining& joining, const NetworkOptions& options, Security& security,
           const std::function<void(const Stream&)>& seen) {
  asio::io_context io(1);
  auto done = asio::co_spawn(io, call(io, joining, options.timeouts().greeting(), security, seen),
                             asio::use_future);
  io.run();
  done.get();
}

}  // namespace asyndgan::transport::net
