// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netdb.h>
#include <sys/resource.h>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/network_link.hpp"
#include "conformance/transport.hpp"
#include "support/catch.hpp"
#include "support/kept_log.hpp"
#include "support/proxy.hpp"
#include "support/raw_socket.hpp"

namespace asyndgan::test {

/// Half a second by default: short enough to wait for, long enough for a busy machine.
[[nodiscard]] inline transport::NetworkOptions brisk(std::chrono::milliseconds heartbeat = 500ms) {
  return {.heartbeat = heartbeat, .patience = 10s};
}

/// What a connection between machines must survive or refuse, whatever secures it. A Net makes
/// the two ends:
///
///   struct Net {
///     using Link = ...;
///     Link listen(std::vector<std::string> sites, NetworkOptions, std::string address);
///     Link connect(std::string name, std::uint16_t port, NetworkOptions, std::string host);
///   };
template <class Net>
void check_unknown_name() {
  Net net;
  auto central = net.listen({"north"}, brisk());
  const KeptLog log;
  CHECK_THROWS_WITH(net.connect("south", central.port(), brisk()),
                    "cannot join the centre at 127.0.0.1:" + std::to_string(central.port()) +
                        ": it refused: there is no site 'south' in this federation");
  CHECK(log.soon_has(": there is no site 'south' in this federation"));
  auto north = net.connect("north", central.port(), brisk());
  CHECK(north.rank() == 1);
}

/// A process that claims a name that is taken is the same site, come back: the newer wins.
template <class Net>
void check_newer_connection() {
  Net net;
  auto central = net.listen({"north", "south"}, brisk());
  auto old = net.connect("north", central.port(), brisk());
  old.send(0, numbered(1, 0));
  CHECK(central.receive(1, 5s) == numbered(1, 0));
  auto fresh = net.connect("north", central.port(), brisk());
  fresh.send(0, numbered(1, 1));
  CHECK_THROWS_AS(old.receive(0, 5s), TransportError);  // the old one is out
  auto arrival = central.receive_any(5s);
  CHECK(arrival.peer == 1);
  CHECK(arrival.gone());  // told before anything of the new one
  CHECK(central.receive_any(5s).message == numbered(1, 1));
  central.send(1, numbered(0, 2));
  CHECK(fresh.receive(0, 5s) == numbered(0, 2));
}

/// A centre that has nobody left waits: its own line may have been cut.
template <class Net>
void check_all_gone() {
  Net net;
  auto central = net.listen({"north"}, brisk());
  net.connect("north", central.port(), brisk()).close();
  CHECK(central.receive_any(5s).gone());
  CHECK_THROWS_AS(central.receive_any(100ms), TransportTimeout);
  auto again = net.connect("north", central.port(), brisk());
  again.send(0, numbered(1, 0));
  CHECK(central.receive_any(5s).message == numbered(1, 0));
}

/// Two programs that run by mistake under one name do not take turns.
template <class Net>
void check_older_program() {
  Net net;
  auto central = net.listen({"north"}, brisk());
  const auto program = [](std::uint32_t number) {
    auto options = brisk();
    options.program = number;
    return options;
  };
  auto old = net.connect("north", central.port(), program(1));
  auto fresh = net.connect("north", central.port(), program(2));
  CHECK_THROWS_AS(old.receive(0, 5s), TransportError);
  CHECK_THROWS_AS(net.connect("north", central.port(), program(1)), TransportReplaced);
  CHECK_THROWS_WITH(net.connect("north", central.port(), program(1)),
                    Catch::EndsWith("it refused: a newer program of site 'north' has its place"));
  CHECK(central.receive_any(5s).gone());  // the old one
  central.send(1, numbered(0, 2));        // the newer one is not disturbed
  CHECK(fresh.receive(0, 5s) == numbered(0, 2));
  fresh.close();
  auto again = net.connect("north", central.port(), program(2));  // and may return
  CHECK(again.rank() == 1);
}

/// Whoever speaks with the old connection hears once that it is over.
template <class Net>
void check_return_told_once() {
  Net net;
  auto central = net.listen({"north"}, brisk());
  for (const bool by_send : {false, true}) {
    {
      auto old = net.connect("north", central.port(), brisk());
      old.send(0, numbered(1, 0));
      CHECK(central.receive(1, 5s) == numbered(1, 0));
    }
    auto fresh = net.connect("north", central.port(), brisk());
    fresh.send(0, numbered(1, 1));
    if (by_send) {
      CHECK_THROWS_AS(central.send(1, numbered(0, 0)), TransportError);
    } else {
      CHECK_THROWS_AS(central.receive(1, 5s), TransportError);
    }
    CHECK(central.receive_any(5s).message == numbered(1, 1));
    central.send(1, numbered(0, 1));
    CHECK(fresh.receive(0, 5s) == numbered(0, 1));
    fresh.close();
    CHECK_THROWS_AS(central.receive(1, 5s), TransportError);
    CHECK(central.receive_any(5s).gone());
  }
}

template <class Net>
void check_awaited_site() {
  Net net;
  auto options = brisk();
  options.patience = 100ms;
  auto impatient = net.listen({"north"}, options);
  CHECK_THROWS_WITH(impatient.send(1, numbered(0, 0)), "site 'north' did not come for 100 ms");
  CHECK_THROWS_AS(impatient.receive(1, 10ms), TransportTimeout);
  auto central = net.listen({"north"}, brisk());
  std::thread later([&] {
    std::this_thread::sleep_for(50ms);
    auto north = net.connect("north", central.port(), brisk());
    CHECK(north.receive(0, 5s) == numbered(0, 3));
  });
  central.send(1, numbered(0, 3));
  later.join();
}

/// A centre that does not read holds the sender back, and in the end the sender gives up.
template <class Net>
void check_back_pressure() {
  Net net;
  auto options = brisk(30s);  // no heartbeat meets the closed end: what it sent would be dropped
  options.patience = 300ms;
  options.capacity = 2;
  auto central = net.listen({"north", "south"}, options);
  auto north = net.connect("north", central.port(), options);
  auto south = net.connect("south", central.port(), options);
  constexpr std::size_t kBytes = std::size_t{4} << 20;
  std::uint32_t sent = 0;
  try {
    for (; sent < 100; ++sent) north.send(0, numbered(1, sent, kBytes));
  } catch (const TransportTimeout&) {
  }
  CHECK(sent >= 2);
  CHECK(sent < 20);  // what capacity and the systems' buffers hold
  CHECK_THROWS_AS(north.send(0, numbered(1, 0)), TransportError);
  south.send(0, numbered(2, 0));  // has an inbox of its own
  CHECK(central.receive(2, 5s) == numbered(2, 0));
  for (std::uint32_t i = 0; i < sent; ++i) CHECK(central.receive(1, 5s) == numbered(1, i, kBytes));
  CHECK_THROWS_AS(central.receive(1, 5s), TransportError);  // never a part of a message
}

/// A network that swallows everything without a word.
template <class Net>
void check_silence() {
  Net net;
  auto central = net.listen({"north"}, brisk(200ms));
  Proxy proxy(central.port());
  auto north = net.connect("north", proxy.port(), brisk(200ms));
  north.send(0, numbered(1, 0));
  CHECK(central.receive(1, 5s) == numbered(1, 0));
  CHECK_THROWS_AS(central.receive(1, 1500ms), TransportTimeout);  // heartbeats keep it
  proxy.hold = true;
  CHECK_THROWS_WITH(central.receive(1, 10s), Catch::Contains("it was silent for 500 ms"));
  CHECK_THROWS_WITH(north.receive(0, 10s), Catch::Contains("it was silent for 500 ms"));
  proxy.hold = false;
  auto back = net.connect("north", proxy.port(), brisk(200ms));
  back.send(0, numbered(1, 1));
  CHECK(central.receive_any(5s).message == numbered(1, 1));
}

/// The connection breaks after every possible number of the site's bytes up to `bytes`.
template <class Net>
void check_cut_everywhere(std::size_t bytes, std::size_t step) {
  Net net;
  auto central = net.listen({"north", "south"}, brisk());
  auto south = net.connect("south", central.port(), brisk());
  for (std::size_t at = 0; at < bytes; at += step) {
    Proxy proxy(central.port());
    proxy.reset_at = at;
    try {
      auto north = net.connect("north", proxy.port(), brisk());
      north.send(0, numbered(1, 7, 16));
      (void)north.receive(0, 100ms);
    } catch (const TransportError&) {
    }
    south.send(0, numbered(2, 0));
    for (auto arrival = central.receive_any(5s); arrival.peer != 2;
         arrival = central.receive_any(5s)) {
      if (!arrival.gone()) CHECK(arrival.message == numbered(1, 7, 16));
    }
  }
}

template <class Net>
void check_single_bytes() {
  Net net;
  auto central = net.listen({"north"}, brisk());
  Proxy proxy(central.port());
  proxy.piece = 1;
  auto north = net.connect("north", proxy.port(), brisk());
  north.send(0, numbered(1, 1, 100));
  CHECK(central.receive(1, 5s) == numbered(1, 1, 100));
  central.send(1, numbered(0, 1, 100));
  CHECK(north.receive(0, 5s) == numbered(0, 1, 100));
}

template <class Net>
void check_too_long() {
  Net net;
  auto small = brisk();
  small.largest_message = 1000;
  auto central = net.listen({"north", "south"}, small);
  auto north = net.connect("north", central.port(), brisk());
  auto south = net.connect("south", central.port(), brisk());
  north.send(0, numbered(1, 0, 1000));
  CHECK(central.receive(1, 5s) == numbered(1, 0, 1000));
  north.send(0, numbered(1, 0, 1001));
  CHECK_THROWS_WITH(central.receive(1, 5s),
                    Catch::Contains("it announced a message of 1001 bytes, at most 1000"));
  south.send(0, numbered(2, 0));
  CHECK(central.receive(2, 5s) == numbered(2, 0));
}

/// Whoever does not say who it is, or too slowly, is dropped; others get in meanwhile.
template <class Net>
void check_slow_greeting() {
  Net net;
  auto central = net.listen({"north"}, brisk(200ms));
  std::vector<RawSocket> slow;
  slow.reserve(20);
  for (int i = 0; i < 20; ++i) slow.push_back(RawSocket::connect(central.port()));
  for (const auto& socket : slow) socket.write("A");
  auto north = net.connect("north", central.port(), brisk(200ms));
  for (const auto& socket : slow) CHECK(socket.read(10s).closed);
  north.send(0, numbered(1, 0));
  CHECK(central.receive(1, 5s) == numbered(1, 0));
}

/// False where a machine has no /etc/hosts, as a container may.
[[nodiscard]] inline bool has_localhost() {
  addrinfo* found = nullptr;
  if (::getaddrinfo("localhost", nullptr, nullptr, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

template <class Net>
void check_addresses() {
  Net net;
  std::vector<std::pair<const char*, const char*>> pairs = {
      {"::1", "::1"}, {"127.0.0.1", "127.0.0.1"}, {"::", "127.0.0.1"}};
  if (has_localhost()) pairs.emplace_back("::", "localhost");
  for (const auto& [address, host] : pairs) {
    auto central = net.listen({"north"}, brisk(), address);
    auto north = net.connect("north", central.port(), brisk(), host);
    north.send(0, numbered(1, 0));
    CHECK(central.receive(1, 5s) == numbered(1, 0));
  }
}

template <class Net>
void check_nobody_there() {
  Net net;
  const auto port = RawSocket::listen().port();  // closed again
  CHECK_THROWS_WITH(
      net.connect("north", port, brisk()),
      "cannot reach the centre at 127.0.0.1:" + std::to_string(port) + ": Connection refused");
  CHECK_THROWS_WITH(net.connect("north", port, brisk(), "no-such-host.invalid"),
                    Catch::StartsWith("cannot find the centre: 'no-such-host.invalid' does not "
                                      "resolve"));
  auto central = net.listen({"north"}, brisk());
  CHECK_THROWS_WITH(net.listen({"north"}, brisk(), "nowhere"),
                    "cannot listen: 'nowhere' is no IP address");
  CHECK_THROWS_AS(net.listen({}, brisk()), ContractViolation);
  CHECK_THROWS_AS(net.listen({"north", "north"}, brisk()), ContractViolation);
  CHECK_THROWS_AS(net.listen({"a\nb"}, brisk()), ContractViolation);
  CHECK_THROWS_AS(central.send(2, numbered(0, 0)), ContractViolation);
  CHECK_THROWS_AS(central.send(1, {}), ContractViolation);
}

/// Who listens but never answers.
template <class Net>
void check_mute_centre() {
  Net net;
  const auto mute = RawSocket::listen();
  auto options = brisk();
  options.patience = 100ms;
  CHECK_THROWS_AS(net.connect("north", mute.port(), options), TransportTimeout);
}

/// No file handle left: nobody new gets in, those inside go on, and later all is well again.
/// Nothing is checked meanwhile: the sanitizers take a handle to look at an object's type.
template <class Net>
void check_no_handles() {
  Net net;
  auto central = net.listen({"north", "south"}, brisk());
  auto north = net.connect("north", central.port(), brisk());
  // A sanitizer opens a pipe to check an object's type: both threads are to be done with the
  // greeting before there is none to be had.
  north.send(0, numbered(1, 9));
  CHECK(central.receive(1, 5s) == numbered(1, 9));
  central.send(1, numbered(0, 9));
  CHECK(north.receive(0, 5s) == numbered(0, 9));
  const KeptLog log;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const auto outside = RawSocket::unconnected();  // takes the lowest handle that is free
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(outside.handle()) + 1;
  ::setrlimit(RLIMIT_NOFILE, &none);
  outside.connect_to(central.port());
  const bool told = log.soon_has("no new site can connect for now: Too many open files");
  north.send(0, numbered(1, 0));
  const auto arrived = central.receive(1, 5s);
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(told);
  CHECK(arrived == numbered(1, 0));
  auto south = net.connect("south", central.port(), brisk());
  south.send(0, numbered(2, 0));
  CHECK(central.receive(2, 5s) == numbered(2, 0));
}

/// Of this process, from the line `field` of /proc/self/status.
[[nodiscard]] inline std::size_t memory_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::size_t kilobytes = 0;
  for (std::string word; status >> word;) {
    if (word == field + ":") status >> kilobytes;
  }
  return kilobytes * 1024;
}

/// A message costs its receiver its own size and little more, and its sender nothing.
template <class Net>
void check_memory() {
  constexpr std::size_t kBytes = std::size_t{256} << 20;
  Net net;
  auto central = net.listen({"north"}, brisk(5s));
  auto north = net.connect("north", central.port(), brisk(5s));
  const std::vector<std::byte> message(kBytes, std::byte{7});
  std::ofstream("/proc/self/clear_refs") << 5;  // forgets the peak
  const std::size_t before = memory_bytes("VmRSS");
  std::thread sender([&] { north.send(0, message); });
  CHECK(central.receive(1, 60s) == message);
  sender.join();
  const std::size_t peak = memory_bytes("VmHWM");
  constexpr std::size_t kSlack = std::size_t{16} << 20;  // below 1 MiB measured
  CHECK(peak > before + kBytes - kSlack);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(peak < before + kBytes + kSlack);
#endif
}

}  // namespace asyndgan::test

/// All of it for one Net, as test cases of the tag `tag`. `handshake` is how many bytes a site
/// sends until it is let in, about, and `step` which of them to cut at.
#define ASYNDGAN_NETWORK_CONFORMANCE(Net, tag, handshake, step)                                   \
  TEST_CASE(#Net ": an unknown name is refused in one line", tag) {                               \
    ::asyndgan::test::check_unknown_name<Net>();                                                  \
  }                                                                                               \
  TEST_CASE(#Net ": the newer of two connections of a name wins", tag) {                          \
    ::asyndgan::test::check_newer_connection<Net>();                                              \
  }                                                                                               \
  TEST_CASE(#Net ": a centre that every site has left waits for them", tag) {                     \
    ::asyndgan::test::check_all_gone<Net>();                                                      \
  }                                                                                               \
  TEST_CASE(#Net ": an older program of a site is not let in again", tag) {                       \
    ::asyndgan::test::check_older_program<Net>();                                                 \
  }                                                                                               \
  TEST_CASE(#Net ": the end of a connection is told once, then the site that came back is heard", \
            tag) {                                                                                \
    ::asyndgan::test::check_return_told_once<Net>();                                              \
  }                                                                                               \
  TEST_CASE(#Net ": a message waits for its site", tag) {                                         \
    ::asyndgan::test::check_awaited_site<Net>();                                                  \
  }                                                                                               \
  TEST_CASE(#Net ": a reader that is slow holds the sender back", tag) {                          \
    ::asyndgan::test::check_back_pressure<Net>();                                                 \
  }                                                                                               \
  TEST_CASE(#Net ": silence ends a connection, heartbeats keep it", tag) {                        \
    ::asyndgan::test::check_silence<Net>();                                                       \
  }                                                                                               \
  TEST_CASE(#Net ": a connection may break at any byte", tag) {                                   \
    ::asyndgan::test::check_cut_everywhere<Net>(handshake, step);                                 \
  }                                                                                               \
  TEST_CASE(#Net ": bytes may come one by one", tag) {                                            \
    ::asyndgan::test::check_single_bytes<Net>();                                                  \
  }                                                                                               \
  TEST_CASE(#Net ": a message that is too long is refused", tag) {                                \
    ::asyndgan::test::check_too_long<Net>();                                                      \
  }                                                                                               \
  TEST_CASE(#Net ": a slow greeting is given up", tag) {                                          \
    ::asyndgan::test::check_slow_greeting<Net>();                                                 \
  }                                                                                               \
  TEST_CASE(#Net ": IPv4, IPv6 and both", tag) { ::asyndgan::test::check_addresses<Net>(); }      \
  TEST_CASE(#Net ": what is wrong with an address is told", tag) {                                \
    ::asyndgan::test::check_nobody_there<Net>();                                                  \
  }                                                                                               \
  TEST_CASE(#Net ": a centre that never answers is given up", tag) {                              \
    ::asyndgan::test::check_mute_centre<Net>();                                                   \
  }                                                                                               \
  TEST_CASE(#Net ": a big message costs its own size and little more", tag) {                     \
    ::asyndgan::test::check_memory<Net>();                                                        \
  }                                                                                               \
  TEST_CASE(#Net ": without file handles those inside go on", tag) {                              \
    ::asyndgan::test::check_no_handles<Net>();                                                    \
  }
