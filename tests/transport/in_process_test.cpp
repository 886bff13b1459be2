// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/in_process.hpp"

#include <thread>

#include "conformance/transport.hpp"
#include "support/catch.hpp"

namespace asyndgan::transport {
namespace {

using namespace std::chrono_literals;
using test::numbered;

struct InProcessFactory {
  explicit InProcessFactory(int sites) : hub(sites) {}
  InProcess join(Peer rank) { return hub.join(rank); }
  InProcessHub hub;
};
ASYNDGAN_TRANSPORT_CONFORMANCE(InProcessFactory, "[transport]")

TEST_CASE("A full queue holds the sender back, then times out", "[transport]") {
  InProcessHub hub(2, {.capacity = 2, .send_limit = 30ms});
  auto central = hub.join(0);
  auto site = hub.join(1);
  auto other = hub.join(2);
  site.send(0, numbered(1, 0));
  site.send(0, numbered(1, 1));
  CHECK_THROWS_WITH(site.send(0, numbered(1, 2)), "the centre took no message for 30 ms");
  other.send(0, numbered(2, 0));  // has a queue of its own
  CHECK(central.receive(1, 1s) == numbered(1, 0));
  site.send(0, numbered(1, 2));
  CHECK(central.receive(1, 1s) == numbered(1, 1));
  CHECK(central.receive(1, 1s) == numbered(1, 2));
  CHECK(central.receive(2, 1s) == numbered(2, 0));
}

TEST_CASE("A sender that waits for room hears that the peer is gone", "[transport]") {
  InProcessHub hub(1, {.capacity = 1});
  auto central = hub.join(0);
  auto site = hub.join(1);
  site.send(0, numbered(1, 0));
  std::thread closer([&] {
    std::this_thread::sleep_for(20ms);
    central.close();
  });
  CHECK_THROWS_WITH(site.send(0, numbered(1, 1)), "the centre is gone");
  closer.join();
}

TEST_CASE("Messages wait for a rank that has not joined yet", "[transport]") {
  InProcessHub hub(1);
  auto central = hub.join(0);
  central.send(1, numbered(0, 5));
  auto site = hub.join(1);
  CHECK(site.receive(0, 1s) == numbered(0, 5));
}

TEST_CASE("A site that left may join again", "[transport]") {
  InProcessHub hub(1);
  auto central = hub.join(0);
  {
    auto site = hub.join(1);
    CHECK_THROWS_AS(hub.join(1), TransportError);
    central.send(1, numbered(0, 1));
  }
  CHECK(central.receive_any(1s).gone());
  auto site = hub.join(1);
  CHECK_THROWS_AS(site.receive(0, 10ms), TransportTimeout);  // the old message went with it
  site.send(0, numbered(1, 2));
  CHECK(central.receive_any(1s).message == numbered(1, 2));
  site.close();
  CHECK(central.receive_any(1s).gone());  // told anew
}

TEST_CASE("Contract violations of InProcess are told", "[transport]") {
  CHECK_THROWS_AS(InProcessHub(0), ContractViolation);
  InProcessHub hub(2);
  CHECK_THROWS_AS(hub.join(3), ContractViolation);
  auto site = hub.join(1);
  CHECK_THROWS_WITH(site.send(2, numbered(1, 0)), "InProcess: rank 1 has no peer of rank 2");
  CHECK_THROWS_AS(site.send(1, numbered(1, 0)), ContractViolation);
  CHECK_THROWS_AS(site.send(0, {}), ContractViolation);
  auto moved = std::move(site);
  CHECK_THROWS_AS(site.receive_any(1ms), ContractViolation);  // NOLINT(bugprone-use-after-move)
}

}  // namespace
}  // namespace asyndgan::transport
