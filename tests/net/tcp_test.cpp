// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/tcp.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "conformance/network.hpp"
#include "conformance/transport.hpp"
#include "support/catch.hpp"
#include "support/kept_log.hpp"
#include "support/raw_socket.hpp"

namespace asyndgan::transport {
namespace {

using namespace std::chrono_literals;
using test::brisk;
using test::RawSocket;
using namespace std::string_literals;

struct TcpFactory {
  explicit TcpFactory(int sites) {
    for (int i = 1; i <= sites; ++i) names.push_back("site-" + std::to_string(i));
  }
  Tcp join(Peer rank) {
    if (rank == kCentral) {
      auto central = Tcp::listen({.sites = names});
      port = central.port();
      return central;
    }
    return Tcp::connect(
        {.host = "127.0.0.1", .port = port, .name = names[static_cast<std::size_t>(rank - 1)]});
  }
  std::vector<std::string> names;
  std::uint16_t port = 0;
};
ASYNDGAN_TRANSPORT_CONFORMANCE(TcpFactory, "[net]")

struct PlainNet {
  static Tcp listen(std::vector<std::string> sites, const NetworkOptions& options,
                    const std::string& address = "127.0.0.1") {
    return Tcp::listen({.address = address, .sites = std::move(sites), .network = options});
  }
  static Tcp connect(const std::string& name, std::uint16_t port, const NetworkOptions& options,
                     const std::string& host = "127.0.0.1") {
    return Tcp::connect({.host = host, .port = port, .name = name, .network = options});
  }
};
// Greeting, name, length and message: every byte of them.
ASYNDGAN_NETWORK_CONFORMANCE(PlainNet, "[net]", 12 + 5 + 8 + 16, 1)

// The bytes of docs/wire_format.md.
const std::string kNorth = "ADGT\x01\0\x05\0\0\0\0\0north"s;

TEST_CASE("The greeting has the documented bytes, both ways", "[net]") {
  auto central = Tcp::listen({.sites = {"south", "north"}, .network = brisk()});
  const auto site = RawSocket::connect(central.port());
  site.write(kNorth);
  CHECK(site.read(5s, 12).bytes == "ADGT\x01\0\0\0\x02\0\0\0"s);
  site.write("\0\0\0\0\0\0\0\0"s + "\x02\0\0\0\0\0\0\0"s + "hi");  // a heartbeat, then a message
  const auto message = central.receive(2, 5s);
  CHECK(message == std::vector<std::byte>{std::byte{'h'}, std::byte{'i'}});
  central.send(2, message);
  CHECK(site.read(5s, 10).bytes == "\x02\0\0\0\0\0\0\0hi"s);
  CHECK(site.read(5s, 8).bytes == "\0\0\0\0\0\0\0\0"s);  // a heartbeat, after half a second
}

TEST_CASE("A greeting of another version is answered in one line", "[net]") {
  auto central = Tcp::listen({.sites = {"north"}, .network = brisk()});
  const auto site = RawSocket::connect(central.port());
  site.write("ADGT\x02\0\xff\xff\xff\xff\xff\xff"s);  // what follows the version is not believed
  const auto heard = site.read(5s, 12 + 75);
  CHECK(heard.bytes.substr(12) ==
        "the site speaks version 2 of the transport, the centre version 1");
}

TEST_CASE("Greetings that are none are dropped without an answer", "[net]") {
  auto central = Tcp::listen({.sites = {"north"}, .network = brisk()});
  for (const auto& bytes : {"GET / HTTP/1.1\r\n\r\n"s, "ADGN\x01\0\x05\0\0\0\0\0north"s,
                            "ADGT\x01\0\0\x01\0\0\0\0"s,         // a name of 256 bytes
                            "ADGT\x01\0\x05\0\0\0\0\x80north"s,  // a rank of 2^31
                            "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\0"s}) {
    const auto client = RawSocket::connect(central.port());
    client.write(bytes);
    const auto heard = client.read(5s);
    CHECK(heard.closed);
    CHECK(heard.bytes.empty());
  }
  for (std::size_t length = 0; length < kNorth.size(); ++length) {
    const auto client = RawSocket::connect(central.port());
    client.write(kNorth.substr(0, length));
    ::shutdown(client.handle(), SHUT_WR);
    CHECK(client.read(5s).closed);
  }
  CHECK_THROWS_AS(central.receive_any(10ms), TransportTimeout);  // nobody came
}

TEST_CASE("A length beyond the limit ends the connection and takes no memory", "[net]") {
  auto central = Tcp::listen({.sites = {"north"}, .network = brisk()});
  for (const auto& length : {"\x01\0\0\x40\0\0\0\0"s, "\0\0\0\x80\0\0\0\0"s, "\0\0\0\0\x01\0\0\0"s,
                             "\0\0\0\0\0\0\0\x80"s, "\xff\xff\xff\xff\xff\xff\xff\xff"s}) {
    const auto site = RawSocket::connect(central.port());
    site.write(kNorth + length + "abc");
    CHECK(site.read(5s).closed);
    CHECK(central.receive_any(5s).gone());
  }
}

TEST_CASE("A reset in mid-message leaves no part of it", "[net]") {
  auto central = Tcp::listen({.sites = {"north"}, .network = brisk()});
  auto site = RawSocket::connect(central.port());
  site.write(kNorth + "\x64\0\0\0\0\0\0\0only a part"s);
  CHECK(site.read(5s, 12).bytes.size() == 12);
  site.reset();
  CHECK_THROWS_WITH(central.receive(1, 5s), Catch::Contains("Connection reset by peer"));
}

TEST_CASE("A centre of another kind is told from ours", "[net]") {
  const auto server = RawSocket::listen();
  std::thread answering([&] {
    const auto client = server.accept();
    client.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    (void)client.read(5s);
  });
  CHECK_THROWS_WITH(PlainNet::connect("north", server.port(), brisk()),
                    Catch::EndsWith("its first bytes are not this library's greeting"));
  answering.join();
}

TEST_CASE("Many refused connections are told in few lines, with their number", "[net]") {
  auto central = Tcp::listen({.sites = {"north"}, .network = brisk()});
  const test::KeptLog log;
  for (int i = 0; i < 30; ++i) {
    const auto client = RawSocket::connect(central.port());
    client.write("GET / HTTP/1.1\r\n\r\n");
    CHECK(client.read(5s).closed);
  }
  CHECK(log.soon_has(" connections, the last of them 127.0.0.1:"));
  const std::string text = log.text();
  CHECK(std::count(text.begin(), text.end(), '\n') < 10);  // one a second
}

}  // namespace
}  // namespace asyndgan::transport
