// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/faulty.hpp"

#include <string>
#include <vector>

#include "asyndgan/transport/in_process.hpp"
#include "conformance/transport.hpp"
#include "support/catch.hpp"

namespace asyndgan::transport {
namespace {

using namespace std::chrono_literals;
using test::numbered;
static_assert(Transport<Faulty<InProcess>>);

/// Delays alone keep every promise.
struct SlowFactory {
  explicit SlowFactory(int sites) : hub(sites) {}
  Faulty<InProcess> join(Peer rank) {
    return {hub.join(rank), {.seed = 1, .delay = 0.1, .longest_delay = 2ms}};
  }
  InProcessHub hub;
};
ASYNDGAN_TRANSPORT_CONFORMANCE(SlowFactory, "[transport]")

/// The numbers in which messages 0 to 199 of a site arrive.
std::vector<std::uint32_t> arrivals(const Faults& faults) {
  InProcessHub hub(1, {.capacity = 1000});
  auto central = hub.join(0);
  Faulty site(hub.join(1), faults);
  try {
    for (std::uint32_t i = 0; i < 200; ++i) site.send(0, numbered(1, i));
  } catch (const TransportError&) {
  }
  site.close();
  std::vector<std::uint32_t> numbers;
  for (auto arrival = central.receive_any(1s); !arrival.gone(); arrival = central.receive_any(1s)) {
    numbers.push_back(static_cast<std::uint32_t>(arrival.message[4]));
  }
  return numbers;
}

TEST_CASE("Faults follow from the seed", "[transport]") {
  const Faults faults{.seed = 3, .drop = 0.1, .duplicate = 0.1, .reorder = 0.1};
  CHECK(arrivals(faults) == arrivals(faults));
  auto other = faults;
  other.seed = 4;
  CHECK(arrivals(faults) != arrivals(other));
}

TEST_CASE("Each fault does what its name says", "[transport]") {
  const auto whole = arrivals({});
  CHECK(whole.size() == 200);
  const auto dropped = arrivals({.seed = 1, .drop = 0.25});
  CHECK(dropped.size() > 120);
  CHECK(dropped.size() < 180);
  const auto doubled = arrivals({.seed = 1, .duplicate = 0.25});
  CHECK(doubled.size() > 220);
  CHECK(doubled.size() < 280);
  auto mixed = arrivals({.seed = 1, .reorder = 0.25});
  CHECK(mixed != whole);
  CHECK(mixed.size() >= 199);  // the last may be held for ever
  std::sort(mixed.begin(), mixed.end());
  CHECK(std::equal(mixed.begin(), mixed.end(), whole.begin()));
  const auto cut = arrivals({.seed = 1, .cut = 0.05});
  CHECK(cut.size() < 200);
}

TEST_CASE("A cut closes the link and says how to repeat it", "[transport]") {
  InProcessHub hub(1);
  auto central = hub.join(0);
  Faulty site(hub.join(1), {.seed = 9, .cut = 1});
  CHECK_THROWS_WITH(site.send(0, numbered(1, 0)), "cut at message 1 to rank 0 (seed 9)");
  CHECK(central.receive_any(1s).gone());
  CHECK_THROWS_AS(site.send(0, numbered(1, 0)), TransportError);
}

}  // namespace
}  // namespace asyndgan::transport
