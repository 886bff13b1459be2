// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/membership.hpp"

#include <chrono>
#include <cstdint>
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
  std::uint16_t version = 0;          // of the wire, that the last refusal was written in

  void send(transport::Peer /*peer*/, std::span<const std::byte> message) {
    if (losses > 0) {
      --losses;
      throw TransportError("the site is gone");
    }
    const auto received = protocol::decode(message, {});
    if (const auto* refusal = std::get_if<protocol::Refusal>(&received.message)) {
      refusals.push_back(refusal->reason);
      version = received.header.version;
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

/// The same, of a version of the wire that is still to come.
std::vector<std::byte> newer(std::vector<std::byte> frame) {
  frame[4] = std::byte{protocol::kWireVersion + 1};
  return frame;
}

TEST_CASE("A site that was updated too early or set up wrongly is refused, and the run goes on",
          "[federation]") {
  const std::string too_new = "wire version is 4, expected 2 or 3: update the older side";
  const std::string misnamed = "it calls itself 'west', its place is that of 'south'";
  for (const int minimum : {0, 1}) {
    CAPTURE(minimum);
    auto options = Float::defaults().central;
    options.minimum_sites = minimum;
    options.names = {"north", "south"};
    auto other = options;
    other.seed += 1;
    const std::string of_another_run = "run is " + std::to_string(run_id(other)) + ", expected " +
                                       std::to_string(run_id(options)) +
                                       ": a message of another run";
    const std::vector<std::pair<std::vector<std::byte>, std::string>> unfit = {
        {newer(greeting(options, "south")), too_new},
        {greeting(options, "west"), misnamed},
        {greeting(other, "south"), of_another_run}};
    Membership<Float::G, ScriptedLink> members(Float::generator(Float::defaults()), ScriptedLink(),
                                               2, options, true);
    ScriptedLink& link = members.link();
    const auto hear = [&](std::vector<std::byte> message) {
      link.arrivals.push_back({2, std::move(message)});
      members.hear(1s, [](std::size_t, auto&) {});
      return members.take_news();
    };

    for (const auto& [frame, why] : unfit) {  // before the run, which nothing may end
      CHECK(hear(frame) ==
            std::vector<std::string>{"a connection of site 'south' was refused: " + why});
      CHECK(hear(frame).empty());  // it knows
      hear({});
      CHECK(link.refusals == std::vector<std::string>{why});
      link.refusals.clear();
      CHECK(members.roster()[1].presence == Presence::away);
    }
    link.arrivals.push_back({1, greeting(options, "north")});
    if (minimum == 0) link.arrivals.push_back({2, greeting(options, "south")});
    members.gather();
    members.begin(0);
    if (minimum > 0) (void)hear(greeting(options, "south"));

    for (const auto& [frame, why] : unfit) {  // in it, where nobody waits for the site
      if (minimum == 0) break;
      CHECK(members.roster().present(1));
      CHECK(hear({}) == std::vector<std::string>{"site 'south' is gone"});
      CHECK(hear(frame).size() == 1);
      CHECK(members.roster()[1].presence == Presence::away);
      CHECK(members.roster().present(0));
      hear({});
      CHECK(hear(greeting(options, "south")) == std::vector<std::string>{"site 'south' has come"});
    }
  }
}

TEST_CASE("A run that waits for a site goes on waiting where one that does not fit comes",
          "[federation]") {
  auto options = Float::defaults().central;
  options.names = {"north", "south"};
  options.grace = 1min;
  Membership<Float::G, ScriptedLink> members(Float::generator(Float::defaults()), ScriptedLink(), 2,
                                             options, true);
  ScriptedLink& link = members.link();
  const auto hear = [&](std::vector<std::byte> message) {
    link.arrivals.push_back({2, std::move(message)});
    members.hear(1s, [](std::size_t, auto&) {});
  };
  link.arrivals.push_back({1, greeting(options, "north")});
  link.arrivals.push_back({2, greeting(options, "south")});
  members.gather();
  members.begin(0);
  hear({});
  members.roster()[1].wire_version = 1;  // as the program had it that was there before
  for (int attempt = 0; attempt < 2; ++attempt) {
    hear(newer(greeting(options, "south")));
    CHECK(link.version == protocol::kWireVersion);
    hear({});
  }
  CHECK(link.refusals.size() == 2);
  CHECK(members.take_news() ==
        std::vector<std::string>{"site 'south' is gone",
                                 "a connection of site 'south' was refused: wire version is 4, "
                                 "expected 2 or 3: update the older side"});
  CHECK_NOTHROW(members.require_patience());
  hear(greeting(options, "south"));
  CHECK(members.roster().present(1));
}

}  // namespace
}  // namespace asyndgan::federation
