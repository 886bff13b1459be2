// SPDX-License-Identifier: Apache-2.0
//
// Lockstep with a site whose connection is cut, or has its bytes changed, over and over.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asyndgan/protocol/frame.hpp"
#include "asyndgan/transport/backoff.hpp"
#include "hubs.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"
#include "support/proxy.hpp"

namespace asyndgan::transport {
namespace {

using namespace std::chrono_literals;

/// Notes how long the messages are that it moves.
template <class Link>
class Noted {
 public:
  struct Sizes {
    std::vector<std::size_t> sent;
    std::vector<std::size_t> received;
  };

  Noted(Link link, Sizes* sizes) : link_(std::move(link)), sizes_(sizes) {}

  void send(Peer peer, std::span<const std::byte> message) {
    link_.send(peer, message);
    sizes_->sent.push_back(message.size());
  }
  std::vector<std::byte> receive(Peer peer, std::chrono::milliseconds limit) {
    auto message = link_.receive(peer, limit);
    sizes_->received.push_back(message.size());
    return message;
  }
  Arrival receive_any(std::chrono::milliseconds limit) { return link_.receive_any(limit); }
  void close() { link_.close(); }

 private:
  Link link_;
  Sizes* sizes_;
};

/// Makes the links of a federation whose first site has a bad line.
template <class Hub>
class BadLine {
 public:
  using Link = Noted<typename Hub::Link>;

  explicit BadLine(int sites) : hub_(sites, {.heartbeat = 500ms}) {}

  Link join(Peer rank) {
    if (rank == 1) return {hub_.connect(rank, proxy_->port()), &first_};
    auto link = hub_.join(rank);
    if (rank == kCentral) proxy_.emplace(link.port());
    return {std::move(link), &others_[static_cast<std::size_t>(rank)]};
  }
  [[nodiscard]] test::Proxy& proxy() { return *proxy_; }
  /// Of the first site.
  [[nodiscard]] const typename Link::Sizes& sizes() const { return first_; }

 private:
  Hub hub_;
  typename Link::Sizes first_;
  std::array<typename Link::Sizes, 3> others_;
  std::optional<test::Proxy> proxy_;
};

/// Sets what happens to the connection of this number, from 0; false if nothing does.
using Disturb = std::function<bool(test::Proxy&, std::size_t)>;

/// A run through all that `disturb` does to connections of its first site.
template <class Hub>
class Disturbed {
 public:
  explicit Disturbed(std::uint64_t steps) : federation_(options(steps)) {}

  void run(const Disturb& disturb) {
    std::thread first([&] { serve_first(disturb); });
    std::thread second([&] { federation_.sites[1].serve(); });
    try {
      auto& central = federation_.central;
      central.admit();
      while (central.step() < central.steps()) {
        const auto report = central.round();
        CHECK(report.parts.size() == 2);  // no gradient twice, none left out
      }
      central.finish("the run is complete");
    } catch (const std::exception& error) {
      federation_.central.leave();
      UNSCOPED_INFO(error.what());
      failed_ = true;
    }
    over_ = true;
    first.join();
    second.join();
    CHECK_FALSE(failed_);
  }

  [[nodiscard]] std::vector<float> weights() { return federation_.weights(); }
  [[nodiscard]] const auto& sizes() const { return federation_.hub.sizes(); }
  /// Connections that broke.
  [[nodiscard]] std::size_t broken() const { return broken_; }
  /// From an attempt to connect to the centre's welcome.
  [[nodiscard]] std::chrono::duration<double> slowest_return() const { return slowest_; }

 private:
  using Federation = test::Federation<float, BadLine<Hub>>;

  static typename Federation::Options options(std::uint64_t steps) {
    auto options = Federation::defaults();
    options.central.steps = steps;
    options.central.grace = 1min;
    return options;
  }

  void serve_first(const Disturb& disturb) {
    auto& site = federation_.sites[0];
    while (!over_) {
      const bool peace = !disturb(federation_.hub.proxy(), broken_);
      const auto begun = std::chrono::steady_clock::now();
      bool welcome = false;
      try {
        site.reconnect(typename Federation::Link(federation_.hub.join(1)));
        site.serve({.after_step = [&](auto&) {
          if (std::exchange(welcome, true)) return;
          slowest_ = std::max<std::chrono::duration<double>>(
              slowest_, std::chrono::steady_clock::now() - begun);
        }});
        return;
      } catch (const TransportError&) {
        if (!peace) ++broken_;
      }
    }
  }

  Federation federation_;
  std::atomic<bool> over_{false};
  bool failed_ = false;
  std::size_t broken_ = 0;
  std::chrono::duration<double> slowest_{0};
};

void check_return_within_a_second(std::chrono::duration<double> slowest) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const std::chrono::duration<double> pause = Backoff::Options{}.base;  // at most, before it
  CHECK((pause + slowest).count() <= 1);
#else
  (void)slowest;
#endif
}

constexpr std::size_t kPrefix = 8;  // a message's length
constexpr std::size_t kPrefixAndHeader = kPrefix + protocol::FrameHeader::kSize;

/// Every byte of a stream's greeting, and of the prefix and header of its first messages.
std::vector<std::size_t> bytes_to_cut_at(std::size_t greeting,
                                         const std::vector<std::size_t>& messages) {
  std::vector<std::size_t> all;
  const auto add = [&](std::size_t begin, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) all.push_back(begin + i);
  };
  add(0, greeting);
  std::size_t begin = greeting;
  for (const std::size_t size : messages) {
    add(begin, kPrefixAndHeader);
    begin += kPrefix + size;
  }
  return all;
}

std::vector<std::size_t> first_of(const std::vector<std::size_t>& sizes, std::ptrdiff_t count) {
  return {sizes.begin(), sizes.begin() + count};
}

TEST_CASE("A connection that is cut at any byte of a header costs no step and doubles none",
          "[net]") {
  constexpr std::uint64_t kSteps = 150;
  Disturbed<test::TcpHub> whole(kSteps);
  whole.run([](test::Proxy&, std::size_t) { return false; });
  const std::string name = test::phantom_names(1).front();
  // Hello, label maps and two gradients; the centre's welcome and two batches of fakes.
  const auto of_site = bytes_to_cut_at(12 + name.size(), first_of(whole.sizes().sent, 4));
  const auto of_centre = bytes_to_cut_at(12, first_of(whole.sizes().received, 3));

  Disturbed<test::TcpHub> cut(kSteps);
  cut.run([&](test::Proxy& proxy, std::size_t i) {
    const bool site = i < of_site.size();
    const bool centre = !site && i - of_site.size() < of_centre.size();
    proxy.reset_at = site ? of_site[i] : test::Proxy::kNever;
    proxy.reset_at_of_centre = centre ? of_centre[i - of_site.size()] : test::Proxy::kNever;
    return site || centre;
  });
  CHECK(cut.broken() == of_site.size() + of_centre.size());
  CHECK(cut.weights() == whole.weights());
  check_return_within_a_second(cut.slowest_return());
}

TEST_CASE("A byte that is changed on the way costs a connection and no more", "[net]") {
  constexpr std::uint64_t kSteps = 150;
  constexpr std::size_t kBytes = 8000;  // handshake and greeting, hello, maps, two gradients
  constexpr std::size_t kApart = 61;
  Disturbed<test::TlsHub> whole(kSteps);
  whole.run([](test::Proxy&, std::size_t) { return false; });
  Disturbed<test::TlsHub> spoiled(kSteps);
  spoiled.run([](test::Proxy& proxy, std::size_t i) {
    const std::size_t at = i * kApart;
    proxy.spoil_at = at < kBytes ? at : test::Proxy::kNever;
    return at < kBytes;
  });
  CHECK(spoiled.broken() == (kBytes + kApart - 1) / kApart);
  CHECK(spoiled.weights() == whole.weights());
  check_return_within_a_second(spoiled.slowest_return());
}

TEST_CASE("A byte that is changed on a line without TLS is found by the checksum, and never used",
          "[net]") {
  using Federation = test::Federation<float, BadLine<test::TcpHub>>;
  auto options = Federation::defaults();
  options.central.grace = 1min;
  Federation federation(options);
  federation.hub.proxy().spoil_at = 1500;  // in the first gradient
  CHECK_THROWS_WITH(federation.run(), Catch::Contains("payload checksum is ") &&
                                          Catch::EndsWith("damaged on the way"));
  CHECK(federation.central.step() == 0);
}

}  // namespace
}  // namespace asyndgan::transport
