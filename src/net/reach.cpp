// SPDX-License-Identifier: Apache-2.0
#include "net/reach.hpp"

#include <memory>

#include "asyndgan/core/error.hpp"

namespace asyndgan::transport::net {

awaitable<Addresses> resolve(asio::io_context& io, const Joining& joining) {
  tcp::resolver resolver(io);
  error_code failed;
  auto addresses = co_await resolver.async_resolve(joining.host, std::to_string(joining.port),
                                                   resume_with(failed));
  if (failed) {
    throw TransportError("cannot find the centre: '" + joining.host +
                         "' does not resolve: " + failed.message());
  }
  co_return addresses;
}

awaitable<tcp::socket> reach(asio::io_context& io, const Joining& joining,
                             const Addresses& addresses, Clock::duration limit) {
  error_code failed;
  for (const auto& address : addresses) {
    auto socket = std::make_shared<tcp::socket>(io);
    asio::steady_timer timer(io, limit);
    timer.async_wait([socket](error_code cancelled) {
      error_code ignored;
      if (!cancelled) socket->close(ignored);
    });
    co_await socket->async_connect(address, resume_with(failed));
    if (!failed && socket->is_open()) co_return std::move(*socket);
    if (failed == asio::error::operation_aborted) failed = asio::error::timed_out;
  }
  throw TransportError("cannot reach the centre at " + joining.where() + ": " + failed.message());
}

}  // namespace asyndgan::transport::net
