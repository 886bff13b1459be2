// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/raw_socket.hpp"

namespace asyndgan::test {

/// A bad network between a site and its centre: holds the bytes back, cuts, chops or spoils them.
class Proxy {
 public:
  static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

  explicit Proxy(std::uint16_t centre)
      : centre_(centre), listening_(RawSocket::listen()), thread_([this] { run(); }) {}
  ~Proxy() {
    stopping_ = true;
    thread_.join();
  }

  [[nodiscard]] std::uint16_t port() const { return listening_.port(); }

  std::atomic<bool> hold{false};              // nothing passes, nothing closes
  std::atomic<std::size_t> piece{65536};      // bytes that pass at a time
  std::atomic<std::size_t> reset_at{kNever};  // after so many bytes of the site
  std::atomic<std::size_t> reset_at_of_centre{kNever};
  std::atomic<std::size_t> spoil_at{kNever};  // one bit of this byte of the site

 private:
  struct Pair {
    RawSocket site;
    RawSocket centre;
    std::size_t of_site = 0;  // bytes that have passed
    std::size_t of_centre = 0;
    bool over = false;
  };

  void run() {
    while (!stopping_) {
      std::vector<pollfd> wanted{{listening_.handle(), POLLIN, 0}};
      for (const Pair& pair : pairs_) {
        wanted.push_back({pair.site.handle(), POLLIN, 0});
        wanted.push_back({pair.centre.handle(), POLLIN, 0});
      }
      if (hold) wanted.resize(1);
      if (::poll(wanted.data(), wanted.size(), 2) <= 0) continue;
      for (std::size_t i = 0; 2 * i + 2 < wanted.size(); ++i) {
        if (wanted[2 * i + 1].revents != 0) pass(pairs_[i], true);
        if (!pairs_[i].over && wanted[2 * i + 2].revents != 0) pass(pairs_[i], false);
      }
      std::erase_if(pairs_, [](const Pair& pair) { return pair.over; });
      if (wanted[0].revents != 0) {
        pairs_.push_back({listening_.accept(), RawSocket::connect(centre_)});
      }
    }
  }

  void pass(Pair& pair, bool of_site) const {
    const RawSocket& from = of_site ? pair.site : pair.centre;
    const RawSocket& to = of_site ? pair.centre : pair.site;
    const std::size_t reset = of_site ? reset_at : reset_at_of_centre;
    std::size_t& passed = of_site ? pair.of_site : pair.of_centre;
    const std::size_t most = std::min<std::size_t>(piece, reset - passed);
    auto heard = most > 0 ? from.read_some(most) : RawSocket::Heard{};
    if (of_site && spoil_at - passed < heard.bytes.size()) heard.bytes[spoil_at - passed] ^= 1;
    passed += heard.bytes.size();
    if (!to.write(heard.bytes) || heard.closed) pair.over = true;
    if (passed < reset) return;
    pair.centre.reset();
    pair.site.reset();
    pair.over = true;
  }

  std::uint16_t centre_;
  RawSocket listening_;
  std::vector<Pair> pairs_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace asyndgan::test
