// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/membership.hpp"

#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "federation/hand_made_site.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using namespace std::chrono_literals;
using Float = test::Federation<float>;

/// Brings what a test has written down, and keeps what it is given, but for some that get lost.
struct ScriptedLink {
  std::deque<transport::Arrival> arrivals;
  std::vector<std::string> refusals;  // that it was given
  int losses = 0;                     // of the next messages

  void send(transport::Peer /*peer*/, std::span<const std::byte> message) {
    if (losses > 0) {
      --losses;
      throw TransportError("the site is gone");
    }
    const auto received = protocol::decode(message, {});
    if (const auto* refusal = std::get_if<protocol::Refusal>(&received.message)) {
      refusals.push_back(refusal->reason);
    }
  }
  std::vector<std::byte> receive(transport::Peer /*peer*/, std::chrono::milliseconds /*limit*/) {
    throw TransportTimeout("nothing is written down");
  }
  transport::Arrival receive_any(std::chrono::milliseconds /*limit*/) {
    if (arrivals.empty()) throw TransportTimeout("nothing is written down");
    auto first = std::move(arrivals.front());
    arrivals.pop_front();
    return first;
  }
  void close() {}
};
static_assert(transport::Transport<ScriptedLink>);

/// Of a site that fits.
std::vector<std::byte> greeting(const CentralOptions& options, const std::string& name) {
  transport::InProcessHub hub(1);
  auto centre = hub.join(transport::kCentral);
  test::HandMadeSite site(hub.join(1), options);
  site.greet(name);
  return centre.receive(1, 1s);
}

TEST_CASE(
    "An expelled site is told why once for every time that it comes, and in vain if it is lost",
    "[federation]") {
  auto options = Float::defaults().central;
  options.minimum_sites = 1;
  options.grace = 1min;
  Membership<Float::G, ScriptedLink> members(Float::generator(Float::defaults()), ScriptedLink(), 2,
                                             options, true);
  ScriptedLink& link = members.link();
  const auto hear = [&](transport::Peer peer, std::vector<std::byte> message) {
    link.arrivals.push_back({peer, std::move(message)});
    members.hear(1s, [](std::size_t, auto&) { throw ProtocolError("none of this"); });
  };
  link.arrivals.push_back({1, greeting(options, "honest")});
  members.gather();
  members.begin(0);
  hear(2, greeting(options, "hostile"));
  CHECK(members.take_news() == std::vector<std::string>{"site 'hostile' has come"});

  transport::InProcessHub hub(1);
  test::HandMadeSite writer(hub.join(1), options);
  link.losses = 1;
  hear(2, writer.frame(protocol::Masks{0, writer.maps()}));
  CHECK(members.roster()[1].presence == Presence::expelled);
  CHECK(members.take_news() == std::vector<std::string>{"site 'hostile': none of this"});
  CHECK(link.refusals.empty());

  const std::vector<std::string> once = {"it was expelled from this run"};
  hear(2, greeting(options, "hostile"));
  CHECK(link.refusals == once);
  hear(2, greeting(options, "hostile"));  // without an end between them: it knows
  CHECK(link.refusals == once);
  hear(2, {});
  hear(2, greeting(options, "hostile"));
  CHECK(link.refusals.size() == 2);
  CHECK(members.take_news().empty());
  CHECK(members.roster().present(0));
}

}  // namespace
}  // namespace asyndgan::federation
