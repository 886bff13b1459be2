// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/loopback_server.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "support/catch.hpp"
#include "support/kept_log.hpp"
#include "support/raw_socket.hpp"

namespace asyndgan::telemetry {
namespace {

using Catch::Contains;
using Catch::StartsWith;
using namespace std::chrono_literals;
using test::RawSocket;

constexpr auto kSoon = 10s;

std::optional<Page> pages(std::string_view path) {
  if (path == "/") return Page{"text/plain", "all is well"};
  if (path == "/large") return Page{"text/plain", std::string(16 << 20, 'x')};
  if (path == "/broken") throw std::runtime_error("the disk is gone");
  return std::nullopt;
}

std::string get(const std::string& path, const std::string& host = "localhost") {
  return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

/// What a server says to these bytes before it hangs up.
std::string said(const LoopbackServer& server, const std::string& bytes) {
  const RawSocket client = RawSocket::connect(server.port());
  client.write(bytes);
  const auto heard = client.read(kSoon);
  CHECK(heard.closed);
  return heard.bytes;
}

TEST_CASE("A page is served with what keeps a browser from harm, and nothing but a page", "[net]") {
  const LoopbackServer server(pages);
  CHECK(server.address() == "http://127.0.0.1:" + std::to_string(server.port()) + "/");
  const std::string page = said(server, get("/"));
  CHECK_THAT(page, StartsWith("HTTP/1.1 200 OK\r\n") && Contains("Content-Length: 11\r\n") &&
                       Contains("Content-Type: text/plain\r\n") &&
                       Contains("Cache-Control: no-store\r\n") && Contains("default-src 'none'") &&
                       Contains("X-Content-Type-Options: nosniff\r\n") &&
                       Contains("Connection: close\r\n"));
  CHECK(page.ends_with("\r\n\r\nall is well"));
  CHECK(said(server, get("/?step=12")).ends_with("all is well"));
  CHECK_THAT(said(server, get("/nothing")), StartsWith("HTTP/1.1 404 "));
  CHECK_THAT(said(server, get("http://localhost/")), StartsWith("HTTP/1.1 404 "));
}

TEST_CASE("HEAD says what GET would, without the page", "[net]") {
  const LoopbackServer server(pages);
  const std::string head = said(server, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n") && Contains("Content-Length: 11\r\n"));
  CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("Other methods are refused, and told which there are", "[net]") {
  const LoopbackServer server(pages);
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE"}) {
    CHECK_THAT(said(server, method + " / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
               StartsWith("HTTP/1.1 405 ") && Contains("Allow: GET, HEAD\r\n"));
  }
}

TEST_CASE("A host that is not this machine is refused", "[net]") {
  const LoopbackServer server(pages);
  for (const std::string host :
       {"localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:7444", "[::1]", "[::1]:7444"}) {
    INFO(host);
    CHECK_THAT(said(server, get("/", host)), StartsWith("HTTP/1.1 200 "));
  }
  for (const std::string host : {"evil.example", "evil.example:7444", "localhost.evil.example",
                                 "127.0.0.1.evil.example", "127.0.0.2", "::1", "localhost:x", ""}) {
    INFO(host);
    CHECK_THAT(said(server, get("/", host)), StartsWith("HTTP/1.1 421 "));
  }
  CHECK_THAT(said(server, "GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  CHECK_THAT(said(server, "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"),
             StartsWith("HTTP/1.1 400 "));
}

TEST_CASE("A request that is too long, has a body or is none is refused", "[net]") {
  const LoopbackServer server(pages);
  const std::string begin = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  CHECK_THAT(said(server, begin + "X: " + std::string(100'000, 'x') + "\r\n\r\n"),
             StartsWith("HTTP/1.1 431 "));
  CHECK_THAT(said(server, get("/" + std::string(100'000, 'x'))), StartsWith("HTTP/1.1 431 "));
  CHECK_THAT(said(server, begin + "Content-Length: 5\r\n\r\nhello"), StartsWith("HTTP/1.1 413 "));
  CHECK_THAT(said(server, begin + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
             StartsWith("HTTP/1.1 4"));
  CHECK_THAT(said(server, "\x16\x03\x01 a TLS client\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  CHECK_THAT(said(server, get("/")), StartsWith("HTTP/1.1 200 "));
}

TEST_CASE("A page that cannot be made is told in the log, and the next one is served", "[net]") {
  const test::KeptLog log;
  const LoopbackServer server(pages);
  const std::string page = said(server, get("/broken"));
  CHECK_THAT(page, StartsWith("HTTP/1.1 500 "));
  CHECK_THAT(page, !Contains("disk"));
  CHECK(log.soon_has("the disk is gone"));
  CHECK_THAT(said(server, get("/")), StartsWith("HTTP/1.1 200 "));
}

TEST_CASE("Clients are served beside one that says nothing and one that takes nothing", "[net]") {
  const LoopbackServer server(pages, {.limit = 300ms});
  const RawSocket silent = RawSocket::connect(server.port());
  const RawSocket slow = RawSocket::connect(server.port());
  slow.write("GET / HT");
  const RawSocket deaf = RawSocket::connect(server.port());
  deaf.write(get("/large"));  // more than fits between the two
  const RawSocket other = RawSocket::connect(server.port());
  other.write(get("/"));
  CHECK_THAT(said(server, get("/")), StartsWith("HTTP/1.1 200 "));
  CHECK_THAT(other.read(kSoon).bytes, StartsWith("HTTP/1.1 200 "));
  for (const RawSocket* client : {&silent, &slow}) {  // until their time is over
    const auto heard = client->read(kSoon);
    CHECK((heard.closed && heard.bytes.empty()));
  }
  std::this_thread::sleep_for(600ms);
  const auto heard = deaf.read(kSoon);
  CHECK(heard.closed);
  CHECK(heard.bytes.size() < (16U << 20));
}

TEST_CASE("Where all places are taken the next client waits, and has its turn", "[net]") {
  const LoopbackServer server(pages, {.connections = 2, .limit = 300ms});
  std::vector<RawSocket> silent;
  silent.reserve(5);
  for (int i = 0; i < 5; ++i) silent.push_back(RawSocket::connect(server.port()));
  CHECK_THAT(said(server, get("/")), StartsWith("HTTP/1.1 200 "));
}

TEST_CASE("A large page arrives whole", "[net]") {
  const LoopbackServer server(pages);
  const std::string page = said(server, get("/large"));
  CHECK(page.size() - page.find("\r\n\r\n") - 4 == (16U << 20));
}

TEST_CASE("A server ends at once, whoever is connected", "[net]") {
  std::optional<LoopbackServer> server(std::in_place, pages, LoopbackOptions{.limit = 1h});
  const RawSocket silent = RawSocket::connect(server->port());
  const RawSocket deaf = RawSocket::connect(server->port());
  deaf.write(get("/large"));
  CHECK_THAT(deaf.read(kSoon, 100).bytes, StartsWith("HTTP/1.1 200 "));
  server.reset();
  CHECK(silent.read(kSoon).closed);
}

TEST_CASE("Nobody but this machine is served", "[net]") {
  for (const std::string address : {"0.0.0.0", "::", "192.0.2.1", "localhost", ""}) {
    INFO(address);
    CHECK_THROWS_WITH(LoopbackServer(pages, {.address = address}), Contains("no loopback address"));
  }
}

TEST_CASE("A port that is taken is named", "[net]") {
  const LoopbackServer first(pages);
  const std::string at = "127.0.0.1:" + std::to_string(first.port());
  CHECK_THROWS_AS(LoopbackServer(pages, {.port = first.port()}), TransportError);
  CHECK_THROWS_WITH(LoopbackServer(pages, {.port = first.port()}), Contains(at));
}

}  // namespace
}  // namespace asyndgan::telemetry
