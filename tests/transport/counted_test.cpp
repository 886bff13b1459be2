// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/counted.hpp"

#include "asyndgan/transport/in_process.hpp"
#include "conformance/transport.hpp"
#include "support/catch.hpp"

namespace asyndgan::transport {
namespace {

using namespace std::chrono_literals;
using test::numbered;
static_assert(Transport<Counted<InProcess>>);

struct CountedFactory {
  explicit CountedFactory(int sites) : hub(sites) {}
  Counted<InProcess> join(Peer rank) { return Counted(hub.join(rank)); }
  InProcessHub hub;
};
ASYNDGAN_TRANSPORT_CONFORMANCE(CountedFactory, "[transport]")

TEST_CASE("Counted counts messages and bytes by direction and peer", "[transport]") {
  CountedFactory factory(2);
  auto central = factory.join(0);
  auto first = factory.join(1);
  auto second = factory.join(2);
  first.send(0, numbered(1, 0, 100));
  first.send(0, numbered(1, 1, 11));
  second.send(0, numbered(2, 0, 1000));
  (void)central.receive(1, 1s);
  (void)central.receive(1, 1s);
  (void)central.receive_any(1s);
  central.send(2, numbered(0, 0, 7));
  CHECK_THROWS_AS(central.receive(1, 1ms), TransportTimeout);  // nothing arrived: no count

  CHECK(central.traffic(1) == Traffic{.messages_received = 2, .bytes_received = 111});
  CHECK(
      central.traffic(2) ==
      Traffic{.messages_sent = 1, .bytes_sent = 7, .messages_received = 1, .bytes_received = 1000});
  CHECK(
      central.total() ==
      Traffic{.messages_sent = 1, .bytes_sent = 7, .messages_received = 3, .bytes_received = 1111});
  CHECK(first.traffic(0) == Traffic{.messages_sent = 2, .bytes_sent = 111});
  CHECK(central.traffic(9) == Traffic{});

  second.close();
  CHECK(central.receive_any(1s).gone());
  CHECK(central.total().messages_received == 3);  // an end is no message
  const auto moved = std::move(central);
  CHECK(moved.total().messages_sent == 1);
}

/// By the first byte.
struct FirstByte {
  static int kind_of(std::span<const std::byte> message) { return static_cast<int>(message[0]); }
};

TEST_CASE("Counted counts by kind, as whoever knows the messages tells them apart", "[transport]") {
  InProcessHub hub(2);
  Counted<InProcess, FirstByte> central(hub.join(0));
  Counted<InProcess, FirstByte> site(hub.join(1));
  const auto message = [](int kind, std::size_t size) {
    return std::vector<std::byte>(size, static_cast<std::byte>(kind));
  };
  site.send(0, message(5, 10));
  site.send(0, message(5, 20));
  site.send(0, message(3, 1));
  for (int i = 0; i < 2; ++i) (void)central.receive(1, 1s);
  (void)central.receive_any(1s);
  central.send(1, message(4, 100));
  central.send(2, message(4, 1000));

  using ByKind = std::map<int, Traffic>;
  CHECK(central.traffic_by_kind(1) == ByKind{{3, {.messages_received = 1, .bytes_received = 1}},
                                             {4, {.messages_sent = 1, .bytes_sent = 100}},
                                             {5, {.messages_received = 2, .bytes_received = 30}}});
  CHECK(central.traffic_by_kind(2) == ByKind{{4, {.messages_sent = 1, .bytes_sent = 1000}}});
  CHECK(central.traffic_by_kind(9).empty());
  CHECK(central.traffic(1) == Traffic{1, 100, 3, 31});
  CHECK(central.total() == Traffic{2, 1100, 3, 31});
}

}  // namespace
}  // namespace asyndgan::transport
