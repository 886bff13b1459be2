// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/transport.hpp"
#include "support/catch.hpp"

namespace asyndgan::test {

using namespace std::chrono_literals;

/// A message that says who sent it and which one it is, of any length from 8 bytes.
[[nodiscard]] inline std::vector<std::byte> numbered(std::uint32_t sender, std::uint32_t number,
                                                     std::size_t size = 8) {
  std::vector<std::byte> message(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint32_t word = i % 8 < 4 ? sender : number;
    message[i] = static_cast<std::byte>(word >> (8 * (i % 4)));
  }
  return message;
}

/// What every transport must do, whatever moves its bytes. A Factory makes connected ends:
///
///   struct Factory {
///     using Link = ...;
///     explicit Factory(int sites);
///     Link join(Peer rank);        // rank 0 is the centre
///   };
template <class Factory>
void check_order_and_content() {
  Factory factory(2);
  auto central = factory.join(0);
  auto first = factory.join(1);
  auto second = factory.join(2);
  // 0 wraps the sizes of common buffers: 1 byte, around 4 KiB and 64 KiB, a megabyte.
  const std::vector<std::size_t> sizes{1, 8, 4095, 4096, 4097, 65535, 65537, 1048577};
  std::thread site([&] {
    for (std::uint32_t i = 0; i < sizes.size(); ++i) first.send(0, numbered(1, i, sizes[i]));
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
      const auto message = first.receive(0, 5s);
      first.send(0, message);
    }
  });
  second.send(0, numbered(2, 7));
  for (std::uint32_t i = 0; i < sizes.size(); ++i) {
    CHECK(central.receive(1, 5s) == numbered(1, i, sizes[i]));
  }
  CHECK(central.receive(2, 5s) == numbered(2, 7));
  for (std::uint32_t i = 0; i < sizes.size(); ++i) {
    central.send(1, numbered(0, i, sizes[i]));
    CHECK(central.receive(1, 5s) == numbered(0, i, sizes[i]));
  }
  site.join();
}

template <class Factory>
void check_timeout() {
  Factory factory(2);
  auto central = factory.join(0);
  auto first = factory.join(1);
  auto second = factory.join(2);
  const auto begin = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(central.receive(1, 30ms), TransportTimeout);
  CHECK_THROWS_AS(central.receive_any(30ms), TransportTimeout);
  CHECK(std::chrono::steady_clock::now() - begin >= 60ms);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  // A timeout takes nothing with it.
  first.send(0, numbered(1, 0));
  CHECK(central.receive(1, 5s) == numbered(1, 0));
}

template <class Factory>
void check_closed_peer() {
  Factory factory(2);
  auto central = factory.join(0);
  auto second = factory.join(2);
  {
    auto first = factory.join(1);
    first.send(0, numbered(1, 0));
    first.close();
    CHECK_THROWS_AS(first.send(0, numbered(1, 1)), TransportError);
    CHECK_THROWS_AS(first.receive(0, 5s), TransportError);
  }
  CHECK(central.receive(1, 5s) == numbered(1, 0));  // sent before the end: still arrives
  CHECK_THROWS_AS(central.receive(1, 5s), TransportError);
  CHECK_THROWS_AS(central.send(1, numbered(0, 0)), TransportError);
  second.send(0, numbered(2, 0));  // others are unaffected
  CHECK(central.receive(2, 5s) == numbered(2, 0));
  central.send(2, numbered(0, 1));
  CHECK(second.receive(0, 5s) == numbered(0, 1));
}

/// A receive() that already waits hears of the end; it does not sit out its limit.
template <class Factory>
void check_close_wakes_a_waiting_peer() {
  Factory factory(1);
  auto central = factory.join(0);
  auto site = factory.join(1);
  const auto begin = std::chrono::steady_clock::now();
  std::thread closer([&] {
    std::this_thread::sleep_for(20ms);
    site.close();
  });
  bool timeout = false;
  bool gone = false;
  try {
    (void)central.receive(1, 60s);
  } catch (const TransportTimeout&) {
    timeout = true;
  } catch (const TransportError&) {
    gone = true;
  }
  closer.join();
  CHECK(gone);
  CHECK_FALSE(timeout);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

template <class Factory>
void check_receive_any() {
  Factory factory(3);
  auto central = factory.join(0);
  auto first = factory.join(1);
  auto second = factory.join(2);
  auto third = factory.join(3);
  // Several wait: each is served in turn, in its own order.
  for (std::uint32_t i = 0; i < 3; ++i) {
    first.send(0, numbered(1, i));
    second.send(0, numbered(2, i));
  }
  std::this_thread::sleep_for(200ms);  // on a network, sent is not yet there
  std::vector<std::uint32_t> next(4, 0);
  std::vector<transport::Peer> served;
  for (int i = 0; i < 6; ++i) {
    const auto arrival = central.receive_any(5s);
    const auto peer = static_cast<std::uint32_t>(arrival.peer);
    REQUIRE((peer == 1 || peer == 2));
    CHECK(arrival.message == numbered(peer, next[peer]++));
    served.push_back(arrival.peer);
  }
  for (std::size_t i = 1; i < served.size(); ++i) CHECK(served[i] != served[i - 1]);

  // The end of a peer comes once, after its last message.
  third.send(0, numbered(3, 0));
  third.close();
  CHECK(central.receive_any(5s).message == numbered(3, 0));
  const auto gone = central.receive_any(5s);
  CHECK(gone.peer == 3);
  CHECK(gone.gone());
  CHECK_THROWS_AS(central.receive_any(20ms), TransportTimeout);
  first.close();
  second.close();
  CHECK(central.receive_any(5s).gone());
  CHECK(central.receive_any(5s).gone());
  CHECK_THROWS_AS(central.receive_any(100ms), TransportError);
}

template <class Factory>
void check_moves() {
  Factory factory(1);
  auto central = factory.join(0);
  auto site = factory.join(1);
  site.send(0, numbered(1, 0));
  auto moved = std::move(central);
  CHECK(moved.receive(1, 5s) == numbered(1, 0));
  moved.send(1, numbered(0, 0));
  CHECK(site.receive(0, 5s) == numbered(0, 0));
}

/// A message that no buffer on the way holds, both ways at once.
template <class Factory>
void check_big_message() {
  constexpr std::size_t kBytes = (std::size_t{32} << 20) + 3;
  Factory factory(1);
  auto central = factory.join(0);
  auto site = factory.join(1);
  std::vector<std::byte> got;
  std::thread other([&] {
    site.send(0, numbered(1, 1, kBytes));
    got = site.receive(0, 60s);
  });
  central.send(1, numbered(0, 2, kBytes));
  CHECK(central.receive(1, 60s) == numbered(1, 1, kBytes));
  other.join();
  CHECK(got == numbered(0, 2, kBytes));
}

/// Nobody reads until the sender has closed.
template <class Factory>
void check_close_loses_nothing() {
  constexpr std::size_t kBytes = 300'001;
  Factory factory(1);
  auto central = factory.join(0);
  {
    auto site = factory.join(1);
    central.send(1, numbered(0, 9));  // which the site never reads
    for (std::uint32_t i = 0; i < 5; ++i) site.send(0, numbered(1, i, kBytes));
    site.close();
  }
  for (std::uint32_t i = 0; i < 5; ++i) CHECK(central.receive(1, 5s) == numbered(1, i, kBytes));
  CHECK_THROWS_AS(central.receive(1, 5s), TransportError);
}

template <class Factory>
void check_return() {
  Factory factory(2);
  auto central = factory.join(0);
  auto other = factory.join(2);
  for (std::uint32_t round = 0; round < 3; ++round) {
    auto site = factory.join(1);
    site.send(0, numbered(1, round));
    CHECK(central.receive_any(5s).message == numbered(1, round));
    central.send(1, numbered(0, round));
    CHECK(site.receive(0, 5s) == numbered(0, round));
    site.close();
    const auto gone = central.receive_any(5s);
    CHECK(gone.peer == 1);
    CHECK(gone.gone());
    CHECK_THROWS_AS(central.receive(1, 5s), TransportError);
    CHECK_THROWS_AS(central.receive_any(20ms), TransportTimeout);  // not told again
  }
  other.send(0, numbered(2, 0));
  CHECK(central.receive_any(5s).message == numbered(2, 0));
}

/// More sites than anybody has threads for: one thread serves them all, in any order.
template <class Factory>
void check_many_peers() {
  constexpr std::uint32_t kSites = 40;
  Factory factory(kSites);
  auto central = factory.join(0);
  std::vector<decltype(factory.join(1))> sites;
  for (std::uint32_t i = 1; i <= kSites; ++i) {
    sites.push_back(factory.join(static_cast<transport::Peer>(i)));
  }
  for (std::uint32_t i = kSites; i > 0; --i) sites[i - 1].send(0, numbered(i, i));
  std::vector<int> served(kSites + 1, 0);
  for (std::uint32_t i = 0; i < kSites; ++i) {
    const auto arrival = central.receive_any(5s);
    const auto rank = static_cast<std::uint32_t>(arrival.peer);
    CHECK(arrival.message == numbered(rank, rank));
    ++served[rank];
    central.send(arrival.peer, numbered(0, rank));
  }
  for (std::uint32_t i = 1; i <= kSites; ++i) {
    CHECK(served[i] == 1);
    CHECK(sites[i - 1].receive(0, 5s) == numbered(0, i));
  }
}

/// Many sites at once, both directions, one thread a peer on the centre's side.
template <class Factory>
void check_parallel_peers() {
  constexpr int kSites = 4;
  constexpr std::uint32_t kMessages = 300;
  Factory factory(kSites);
  auto central = factory.join(0);
  std::vector<std::thread> threads;
  std::vector<int> wrong(2 * kSites + 1, 0);
  for (int rank = 1; rank <= kSites; ++rank) {
    threads.emplace_back([&, rank, link = factory.join(rank)]() mutable {
      for (std::uint32_t i = 0; i < kMessages; ++i) {
        link.send(0, numbered(static_cast<std::uint32_t>(rank), i));
        if (link.receive(0, 10s) != numbered(0, i)) ++wrong[static_cast<std::size_t>(rank)];
      }
    });
    threads.emplace_back([&, rank] {
      for (std::uint32_t i = 0; i < kMessages; ++i) {
        const auto expected = numbered(static_cast<std::uint32_t>(rank), i);
        if (central.receive(rank, 10s) != expected)
          ++wrong[static_cast<std::size_t>(kSites) + static_cast<std::size_t>(rank)];
        central.send(rank, numbered(0, i));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(2 * kSites + 1, 0));
}

}  // namespace asyndgan::test

/// The suite for one factory whose ranks are fixed, as test cases of the tag `tag`.
#define ASYNDGAN_FIXED_TRANSPORT_CONFORMANCE(Factory, tag)                                     \
  TEST_CASE(#Factory ": whole messages arrive in order, of any size", tag) {                   \
    ::asyndgan::test::check_order_and_content<Factory>();                                      \
  }                                                                                            \
  TEST_CASE(#Factory ": silence ends in a timeout", tag) {                                     \
    ::asyndgan::test::check_timeout<Factory>();                                                \
  }                                                                                            \
  TEST_CASE(#Factory ": a closed peer is an error, others go on", tag) {                       \
    ::asyndgan::test::check_closed_peer<Factory>();                                            \
  }                                                                                            \
  TEST_CASE(#Factory ": closing wakes who waits", tag) {                                       \
    ::asyndgan::test::check_close_wakes_a_waiting_peer<Factory>();                             \
  }                                                                                            \
  TEST_CASE(#Factory ": receive_any serves in turn and tells each end once", tag) {            \
    ::asyndgan::test::check_receive_any<Factory>();                                            \
  }                                                                                            \
  TEST_CASE(#Factory ": a message of 32 MB arrives, both ways at once", tag) {                 \
    ::asyndgan::test::check_big_message<Factory>();                                            \
  }                                                                                            \
  TEST_CASE(#Factory ": what was sent before closing arrives", tag) {                          \
    ::asyndgan::test::check_close_loses_nothing<Factory>();                                    \
  }                                                                                            \
  TEST_CASE(#Factory ": one thread serves many peers", tag) {                                  \
    ::asyndgan::test::check_many_peers<Factory>();                                             \
  }                                                                                            \
  TEST_CASE(#Factory ": an endpoint moves", tag) { ::asyndgan::test::check_moves<Factory>(); } \
  TEST_CASE(#Factory ": peers run in parallel", tag) {                                         \
    ::asyndgan::test::check_parallel_peers<Factory>();                                         \
  }

/// The whole suite, for one whose ranks may come back too.
#define ASYNDGAN_TRANSPORT_CONFORMANCE(Factory, tag)                \
  ASYNDGAN_FIXED_TRANSPORT_CONFORMANCE(Factory, tag)                \
  TEST_CASE(#Factory ": a rank comes back and leaves again", tag) { \
    ::asyndgan::test::check_return<Factory>();                      \
  }
