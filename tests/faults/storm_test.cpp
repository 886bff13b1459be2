// SPDX-License-Identifier: Apache-2.0
//
// F23: everybody comes back at once.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "asyndgan/transport/backoff.hpp"
#include "asyndgan/transport/tls.hpp"
#include "faults/watch.hpp"
#include "support/catch.hpp"
#include "support/tls_consortium.hpp"

namespace asyndgan::faults {
namespace {

using namespace std::chrono_literals;
using transport::kCentral;
using transport::Tls;

constexpr std::size_t kSites = 100;

/// Sites that hold to their centre and say back what it says, each on a thread of its own.
class Crowd {
 public:
  explicit Crowd(test::TlsConsortium& consortium) {
    for (std::size_t i = 1; i <= kSites; ++i) {
      names_.push_back("site-" + std::to_string(i));
      files_.push_back(consortium.site(names_.back()));
    }
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() {
    over_ = true;
    for (auto& thread : threads_) thread.join();
  }

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  void come_to(std::uint16_t port) {
    for (std::size_t i = 0; i < kSites; ++i) threads_.emplace_back([=, this] { hold(i, port); });
  }

 private:
  void hold(std::size_t i, std::uint16_t port) const {
    transport::Backoff backoff({.seed = i});
    while (!over_) {
      try {
        auto site = Tls::connect({.host = "127.0.0.1", .port = port, .files = files_[i]});
        site.send(kCentral, std::vector<std::byte>(1));
        backoff.reset();
        while (!over_) echo(site);
      } catch (const TransportError&) {
        std::this_thread::sleep_for(backoff.next());
      }
    }
  }
  static void echo(Tls& site) {
    try {
      site.send(kCentral, site.receive(kCentral, 200ms));
    } catch (const TransportTimeout&) {  // to ask whether it is over
    }
  }

  std::vector<std::string> names_;
  std::vector<Tls::Files> files_;
  std::atomic<bool> over_{false};
  std::vector<std::thread> threads_;
};

/// Seconds until each site has been heard; of each, one message.
double seconds_until_all_are_heard(Tls& central) {
  const auto begin = Clock::now();
  std::set<transport::Peer> heard;
  while (heard.size() < kSites) {
    const auto arrival = central.receive_any(60s);
    if (!arrival.gone()) CHECK(heard.insert(arrival.peer).second);
  }
  return Seconds(Clock::now() - begin).count();
}

TEST_CASE("F23: a hundred sites come back at once", "[faults]") {
  constexpr double kAllAreIn = 10;  // seconds
  test::TlsConsortium consortium;
  Crowd crowd(consortium);
  const auto listen = [&, files = consortium.centre()](std::uint16_t port) {
    return Tls::listen(
        {.address = "127.0.0.1", .port = port, .sites = crowd.names(), .files = files});
  };
  std::optional central(listen(0));
  const std::uint16_t port = central->port();
  crowd.come_to(port);
  const double first = seconds_until_all_are_heard(*central);
  central.reset();
  pause(1.5);  // as a restart takes
  central.emplace(listen(port));
  const double back = seconds_until_all_are_heard(*central);

  // All are of use, and nothing is left of the storm.
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 1; i <= kSites; ++i) {
      central->send(static_cast<transport::Peer>(i), std::vector<std::byte>(1));
    }
    (void)seconds_until_all_are_heard(*central);
  }
  CHECK_THROWS_AS(central->receive_any(500ms), TransportTimeout);
  measured("F23: ", kSites, " sites over TLS: all in ", first, " s at first, all back ", back,
           " s after a restart");
  CHECK(first <= kAllAreIn);
  CHECK(back <= kAllAreIn);
}

}  // namespace
}  // namespace asyndgan::faults
