// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "asyndgan/transport/timeouts.hpp"

namespace asyndgan::telemetry {

/// What is found under a path.
struct Page {
  std::string type;  // of the body: "text/html; charset=utf-8"
  std::string body;
};

/// The page under a path ("/", "/metrics"), without the query; nothing where there is none.
using Pages = std::function<std::optional<Page>(std::string_view path)>;

struct LoopbackOptions {
  std::string address = "127.0.0.1";  // or another one of this machine alone, such as "::1"
  std::uint16_t port = 0;             // 0 takes a free one, see port()

  /// Served at a time; the next ones wait in the system's queue. A browser opens six.
  std::size_t connections = 16;

  /// From a connection's begin to its end, so that nobody holds a place for longer.
  std::chrono::milliseconds limit = transport::Timeouts{}.page();
};

/// Serves pages over HTTP to this machine alone. Bodies in asyndgan::tls.
///
/// There is no login, so it listens on the loopback interface only, answers GET and HEAD, one
/// request a connection, and no browser may use it for a page of another origin: a request whose
/// `Host` is not localhost, 127.0.0.1 or [::1] is refused (a foreign name that was made to
/// resolve to this machine, "DNS rebinding"); any port passes, as an ssh tunnel has its own.
/// Every answer forbids the browser to store it, to frame it, to guess its type and to load or
/// run anything that does not come from here.
///
/// Errors   ContractViolation for an address that others can reach; TransportError, naming
///          address and port, where it cannot be listened on. A failing request never throws
///          here: what `pages` throws is an answer 500, and a line in the log.
/// Threads  `pages` is called from one thread of the server's own, which the destructor ends.
/// Source   RFC 9110 and 9112 (HTTP), W3C Content Security Policy Level 3.
class LoopbackServer {
 public:
  explicit LoopbackServer(Pages pages, const LoopbackOptions& options = {});
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer();

  [[nodiscard]] std::uint16_t port() const;
  /// "http://127.0.0.1:7444/"
  [[nodiscard]] std::string address() const;

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace asyndgan::telemetry
