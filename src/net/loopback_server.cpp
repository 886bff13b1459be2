// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/loopback_server.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <set>
#include <thread>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/log.hpp"
#include "net/asio.hpp"
#include "net/socket.hpp"

namespace asyndgan::telemetry {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using transport::net::resume_with;
using transport::net::text;

using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

constexpr std::size_t kLongestRequest = 8 << 10;  // bytes; a browser's take one kilobyte

tcp::endpoint loopback(const LoopbackOptions& options) {
  error_code failed;
  const auto address = asio::ip::make_address(options.address, failed);
  if (failed || !address.is_loopback()) {
    throw ContractViolation("'" + options.address +
                            "' is no loopback address (expected 127.0.0.1 or ::1): the page has no "
                            "login, so it is for this machine alone");
  }
  return {address, options.port};
}

/// A name of this machine's loopback, with or without a port.
bool is_local(std::string_view host) {
  std::string_view name = host;
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos &&
      host.find_first_not_of("0123456789", colon + 1) == std::string_view::npos) {
    name = host.substr(0, colon);
  }
  return beast::iequals(name, "localhost") || name == "127.0.0.1" || name == "[::1]";
}

Response answer(http::status status, const std::string& type, std::string body) {
  Response response(status, 11);
  response.set(http::field::content_type, type);
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy",
               "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.keep_alive(false);
  response.body() = std::move(body);
  response.prepare_payload();
  return response;
}

Response refusal(http::status status, const std::string& why) {
  return answer(status, "text/plain; charset=utf-8", why + "\n");
}

Response refusal(const error_code& failed) {
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow) {
    return refusal(http::status::request_header_fields_too_large, "the request is too long");
  }
  if (failed == http::error::body_limit) {
    return refusal(http::status::payload_too_large, "a request has no body here");
  }
  return refusal(http::status::bad_request, "this is no HTTP request");
}

Response answer(const Request& request, const Pages& pages) {
  if (request.count(http::field::host) != 1) {
    return refusal(http::status::bad_request, "a request needs one Host");
  }
  const auto host = request[http::field::host];
  if (!is_local({host.data(), host.size()})) {
    return refusal(http::status::misdirected_request,
                   "this page is for this machine alone: ask for localhost");
  }
  const auto from = request["Sec-Fetch-Site"];  // browsers say so; nobody else has to
  if (from == "cross-site" || from == "same-site") {
    return refusal(http::status::forbidden, "another page has no business here");
  }
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    auto response = refusal(http::status::method_not_allowed, "only GET and HEAD are served");
    response.set(http::field::allow, "GET, HEAD");
    return response;
  }
  const std::string_view target(request.target().data(), request.target().size());
  try {
    auto page = pages(target.substr(0, target.find('?')));
    if (!page) return refusal(http::status::not_found, "there is no such page");
    return answer(http::status::ok, page->type, std::move(page->body));
  } catch (const std::exception& error) {
    log(LogLevel::warning, std::string("a page could not be made: ") + error.what());
    return refusal(http::status::internal_server_error, "the page could not be made");
  }
}

}  // namespace

/// The io thread and what runs in it.
class LoopbackServer::Listener {
 public:
  Listener(Pages pages, const LoopbackOptions& options)
      : pages_(std::move(pages)), options_(options) {
    if (options.connections < 1) throw ContractViolation("a server needs room for one connection");
    listen(loopback(options));
    asio::co_spawn(io_, accept(), [](const std::exception_ptr&) {});
    thread_ = std::thread([this] { io_.run(); });
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() {  // NOLINT(bugprone-exception-escape): without memory to post there is no way out
    asio::post(io_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      gate_.cancel();
      for (auto* stream : streams_) stream->close();
    });
    thread_.join();
  }

  [[nodiscard]] const tcp::endpoint& endpoint() const { return endpoint_; }

 private:
  void listen(const tcp::endpoint& at) {
    error_code failed;
    acceptor_.open(at.protocol(), failed);
    if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed) acceptor_.bind(at, failed);
    if (!failed) acceptor_.listen(tcp::acceptor::max_listen_connections, failed);
    if (failed) throw TransportError("cannot listen on " + text(at) + ": " + failed.message());
    endpoint_ = acceptor_.local_endpoint();
  }

  asio::awaitable<void> accept() {
    error_code failed;
    error_code ignored;
    while (acceptor_.is_open()) {
      if (streams_.size() >= options_.connections) {
        gate_.expires_at(Clock::time_point::max());
        co_await gate_.async_wait(resume_with(ignored));
        continue;
      }
      tcp::socket socket = co_await acceptor_.async_accept(resume_with(failed));
      if (!failed && acceptor_.is_open()) {  // or the server ends
        auto stream = std::make_unique<beast::tcp_stream>(std::move(socket));
        streams_.insert(stream.get());
        asio::co_spawn(io_, serve(std::move(stream)), [](const std::exception_ptr&) {});
      } else if (acceptor_.is_open()) {  // no file handle is left: not for long, one hopes
        gate_.expires_after(transport::Timeouts{}.first_pause());
        co_await gate_.async_wait(resume_with(ignored));
      }
    }
  }

  /// One request and its answer.
  asio::awaitable<void> serve(std::unique_ptr<beast::tcp_stream> stream) {
    stream->expires_after(options_.limit);
    try {
      co_await exchange(*stream);
    } catch (const std::exception& error) {
      log(LogLevel::warning, std::string("a request could not be served: ") + error.what());
    }
    streams_.erase(stream.get());
    gate_.cancel();
  }

  asio::awaitable<void> exchange(beast::tcp_stream& stream) {
    beast::flat_buffer buffer(kLongestRequest);
    http::request_parser<http::empty_body> parser;
    parser.header_limit(kLongestRequest);
    parser.body_limit(0);
    error_code failed;
    co_await http::async_read(stream, buffer, parser, resume_with(failed));
    const bool understood = !failed;
    const bool is_http = failed.category() == make_error_code(http::error::bad_method).category();
    if (failed == http::error::end_of_stream || (!understood && !is_http)) co_return;  // it is gone
    const Response response = understood ? answer(parser.get(), pages_) : refusal(failed);
    if (understood && parser.get().method() == http::verb::head) {
      const http::response<http::empty_body> head(response.base());
      co_await write(stream, head, failed);
    } else {
      co_await write(stream, response, failed);
    }
    if (!failed) co_await part(stream);
  }

  template <class Message>
  static asio::awaitable<void> write(beast::tcp_stream& stream, const Message& message,
                                     error_code& failed) {
    http::serializer<false, typename Message::body_type> serializer(message);
    co_await http::async_write(stream, serializer, resume_with(failed));
  }

  /// A socket that is closed while something unread waits in it takes back what it has sent: so
  /// what a client sends in excess is read, until it has hung up or its time is over.
  static asio::awaitable<void> part(beast::tcp_stream& stream) {
    error_code failed;
    stream.socket().shutdown(tcp::socket::shutdown_send, failed);
    std::array<char, 4096> unread;
    while (!failed) co_await stream.async_read_some(asio::buffer(unread), resume_with(failed));
  }

  using Clock = transport::net::Clock;

  const Pages pages_;
  const LoopbackOptions options_;
  asio::io_context io_{1};  // runs in one thread
  tcp::acceptor acceptor_{io_};
  asio::steady_timer gate_{io_};  // the acceptor waits here
  tcp::endpoint endpoint_;
  std::set<beast::tcp_stream*> streams_;  // of the io thread
  std::thread thread_;
};

LoopbackServer::LoopbackServer(Pages pages, const LoopbackOptions& options)
    : listener_(std::make_unique<Listener>(std::move(pages), options)) {}
LoopbackServer::~LoopbackServer() = default;

std::uint16_t LoopbackServer::port() const { return listener_->endpoint().port(); }
std::string LoopbackServer::address() const {
  return "http://" + text(listener_->endpoint()) + "/";
}

}  // namespace asyndgan::telemetry
