// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts of Boost.Asio in use, and short names for them.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>

namespace asyndgan::transport::net {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

/// For `co_await`: resumes with the error in `code`, never throws one of Asio's.
[[nodiscard]] inline auto resume_with(error_code& code) {
  return asio::redirect_error(asio::use_awaitable, code);
}

}  // namespace asyndgan::transport::net
