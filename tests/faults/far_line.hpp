// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/random.hpp"
#include "faults/lan.hpp"

namespace asyndgan::faults {

/// A long way from a host of a Lan to its first one, by tunnels whose packets this process carries:
/// each takes `delay` one way, give or take `jitter`, so that they overtake each other, and some
/// are lost. The host finds the first one at the end of it; the others go on as before.
class FarLine {
 public:
  struct Way {
    std::chrono::milliseconds delay{0};
    std::chrono::milliseconds jitter{0};
    int lost = 0;  // packets of a hundred
  };

  FarLine(const Lan& lan, std::string host, const Way& way)
      : lan_(lan),
        host_(std::move(host)),
        way_(way),
        ends_{open_end(lan_.first()), open_end(host_)} {
    raise(lan_.first(), "10.78.0.1");
    raise(host_, "10.78.0.2");
    lan_.set_names(host_, std::string("10.78.0.1 ") + Lan::kCentreName);
    thread_ = std::thread([this] { run(); });
  }
  FarLine(const FarLine&) = delete;
  FarLine& operator=(const FarLine&) = delete;
  ~FarLine() {
    stopping_ = true;
    thread_.join();
    lan_.set_names(host_, std::string("10.77.0.1 ") + Lan::kCentreName);
  }

  /// Bytes of the packets that came through, both ways.
  [[nodiscard]] std::size_t carried() const { return carried_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Packet = std::vector<std::byte>;
  static constexpr const char* kDevice = "far";

  /// A tunnel is in the network of the thread that opens it.
  static asyndgan::detail::Descriptor open_end(const std::string& host) {
    int tunnel = -1;
    std::thread([&] {
      const asyndgan::detail::Descriptor network(
          ::open(Lan::network(host).c_str(), O_RDONLY | O_CLOEXEC));
      if (::setns(network.number(), CLONE_NEWNET) != 0) return;
      tunnel = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
      ifreq request{};
      request.ifr_flags = IFF_TUN | IFF_NO_PI;
      std::strcpy(request.ifr_name, kDevice);
      if (tunnel >= 0 && ::ioctl(tunnel, TUNSETIFF, &request) != 0)
        ::close(std::exchange(tunnel, -1));
    }).join();
    REQUIRE(tunnel >= 0);
    return asyndgan::detail::Descriptor(tunnel);
  }

  void raise(const std::string& host, const std::string& address) const {
    lan_.run(host, "ip addr add " + address + "/30 dev " + kDevice);
    lan_.run(host, std::string("ip link set up dev ") + kDevice);
  }

  void run() {
    while (!stopping_) {
      std::array<pollfd, 2> wanted{
          {{ends_[0].number(), POLLIN, 0}, {ends_[1].number(), POLLIN, 0}}};
      (void)::poll(wanted.data(), wanted.size(), 1);
      for (std::size_t from = 0; from < 2; ++from) take(from);
      const auto due = under_way_.upper_bound(Clock::now());
      for (auto it = under_way_.begin(); it != due; ++it) {
        const auto& [to, packet] = it->second;
        carried_ += packet.size();
        (void)!::write(ends_[to].number(), packet.data(), packet.size());  // else it is lost
      }
      under_way_.erase(under_way_.begin(), due);
    }
  }

  void take(std::size_t from) {
    Packet packet(2048);
    for (;;) {
      const auto size = ::read(ends_[from].number(), packet.data(), packet.size());
      if (size <= 0) return;
      if (draws_.below(100) < static_cast<std::uint32_t>(way_.lost)) continue;
      const auto jitter = std::chrono::duration_cast<Clock::duration>(
          draws_.uniform(-1, 1) * std::chrono::duration<double>(way_.jitter));
      under_way_.emplace(
          Clock::now() + way_.delay + jitter,
          std::pair{1 - from, Packet(packet.begin(), packet.begin() + static_cast<long>(size))});
    }
  }

  const Lan& lan_;
  std::string host_;
  Way way_;
  std::array<asyndgan::detail::Descriptor, 2> ends_;  // the first host's, the other's
  std::multimap<Clock::time_point, std::pair<std::size_t, Packet>> under_way_;  // where to
  random::Sequence draws_{{.seed = 10}};
  std::atomic<std::size_t> carried_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace asyndgan::faults
