// SPDX-License-Identifier: Apache-2.0
//
// While one site works, the centre draws for the next.

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "federation/hand_made_site.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using Float = test::Federation<float>;

/// The centre's end, which tells of fakes that are about to leave.
struct WatchedLink {
  transport::InProcess link;
  std::function<void(transport::Peer)>* fakes_leave;

  void send(transport::Peer peer, std::span<const std::byte> message) {
    if (std::holds_alternative<protocol::Fakes>(protocol::decode(message, {}).message)) {
      (*fakes_leave)(peer);
    }
    link.send(peer, message);
  }
  std::vector<std::byte> receive(transport::Peer peer, std::chrono::milliseconds limit) {
    return link.receive(peer, limit);
  }
  transport::Arrival receive_any(std::chrono::milliseconds limit) {
    return link.receive_any(limit);
  }
  void close() { link.close(); }
};
static_assert(transport::Transport<WatchedLink>);

TEST_CASE("While one site answers the centre draws for the other one", "[federation]") {
  const auto options = Float::defaults().central;
  transport::InProcessHub hub(2);
  std::function<void(transport::Peer)> fakes_leave;
  Central<Float::G, WatchedLink> central(Float::generator(Float::defaults()),
                                         {hub.join(transport::kCentral), &fakes_leave}, 2, options);
  std::deque<test::HandMadeSite> sites;  // which may not move
  for (const transport::Peer rank : {1, 2}) {
    sites.emplace_back(hub.join(rank), options);
    sites.back().greet("site-" + std::to_string(rank));
    sites.back().send(protocol::Masks{0, sites.back().maps()});
  }

  std::vector<std::string> told;
  fakes_leave = [&](transport::Peer rank) {
    const auto asked = [&](std::size_t i) { return central.roster()[i].asked.has_value(); };
    // The first has its fakes before any are drawn for the second, and is not waited for.
    told.push_back("site " + std::to_string(rank) + (asked(0) ? ", drawn for 1" : "") +
                   (asked(1) ? ", drawn for 2" : ""));
    if (rank == 1) return;
    for (auto& site : sites) {
      site.send(protocol::Gradient{0, site.gradient(), {}, site.maps()});
    }
  };
  central.admit();
  const auto report = central.round();  // would wait for ever if the first had to answer first
  CHECK(report.parts.size() == 2);
  CHECK(told ==
        std::vector<std::string>{"site 1, drawn for 1", "site 2, drawn for 1, drawn for 2"});
}

}  // namespace
}  // namespace asyndgan::federation
