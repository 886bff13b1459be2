// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"
#include "support/catch.hpp"

/// A network of Linux namespaces on this machine, which can be cut, thinned and made to lose.
namespace asyndgan::faults {

struct Said {
  int code = -1;
  std::string text;
};

[[nodiscard]] inline Said shell(const std::string& command) {
  Said said;
  std::FILE* pipe = ::popen(("{ " + command + "; } 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> part{};
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) said.text += part.data();
  said.code = ::pclose(pipe);
  return said;
}

inline void require_shell(const std::string& command) {
  const Said said = shell(command);
  INFO(command << ": " << said.text);
  REQUIRE(said.code == 0);
}

/// Why these tests cannot run here; empty if they can.
[[nodiscard]] inline std::string hindrance() {
  if (::geteuid() != 0) return "root is needed, for network namespaces";
  for (const std::string tool : {"ip", "tc", "nft", "prlimit", "sysctl"}) {
    if (shell("command -v " + tool).code != 0) return "the command '" + tool + "' is missing";
  }
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) return "no /dev/net/tun, for long ways";
  const Said said = shell(
      "ip netns add asyndgan-try && ip netns exec asyndgan-try nft add table inet faults; code=$?; "
      "ip netns del asyndgan-try; exit $code");
  return said.code == 0 ? "" : "no network namespaces, or no nftables in them: " + said.text;
}

/// Ends a test that cannot run, as skipped.
#define ASYNDGAN_REQUIRE_NAMESPACES()                                   \
  if (const auto why = ::asyndgan::faults::hindrance(); !why.empty()) { \
    WARN("cannot run here: " << why);                                   \
    return;                                                             \
  }                                                                     \
  static_assert(true)

/// Hosts on one bridge: the first has 10.77.0.1 and fd77::1, the next one 10.77.0.2, and so on.
/// They know the first by the name in `kCentreName` too. What an earlier test left behind, killed
/// in its middle, is cleaned up first.
class Lan {
 public:
  static constexpr const char* kCentreName = "centre.test";

  explicit Lan(std::vector<std::string> hosts = {"centre", "north", "south"})
      : hosts_(std::move(hosts)),
        lock_(::open("/run/asyndgan-faults.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    REQUIRE(::flock(lock_.number(), LOCK_EX | LOCK_NB) == 0);  // else another test runs
    clean_up();
    require_shell("ip netns add " + in("lan") + " && " + inside("lan") +
                  "ip link add bridge type bridge && " + inside("lan") + "ip link set bridge up");
    for (std::size_t i = 0; i < hosts_.size(); ++i) add(hosts_[i], std::to_string(i + 1));
  }
  Lan(const Lan&) = delete;
  Lan& operator=(const Lan&) = delete;
  ~Lan() { clean_up(); }

  [[nodiscard]] const std::string& first() const { return hosts_.front(); }
  /// The file that stands for a host's network.
  [[nodiscard]] static std::filesystem::path network(const std::string& host) {
    return std::filesystem::path("/run/netns") / in(host);
  }

  /// The command line that starts a program on a host.
  [[nodiscard]] std::vector<std::string> launcher(const std::string& host) const {
    return {"/bin/ip", "netns", "exec", in(host)};
  }
  void run(const std::string& host, const std::string& command) const {
    require_shell(inside(host) + command);
  }

  /// From now on nothing arrives at `host` any more, and nobody is told.
  void silence_to(const std::string& host) const { drop(host, ""); }
  /// Nothing that `host` sends arrives at the first one.
  void silence_from(const std::string& host) const {
    const std::string number = this->number(host);
    drop(hosts_.front(), "ip saddr 10.77.0." + number);
    drop(hosts_.front(), "ip6 saddr fd77::" + number);
  }
  void cut(const std::string& host) const {
    silence_to(host);
    silence_from(host);
  }
  /// Takes back all of the above.
  void heal() const {
    for (const auto& host : hosts_) run(host, "nft flush table inet faults");
  }
  /// Of what arrives at `host`, so many packets of a hundred are lost.
  void lose(const std::string& host, int percent) const {
    drop(host, "numgen random mod 100 < " + std::to_string(percent));
  }

  /// The line of `host` moves so much, each way: "1mbit".
  void thin(const std::string& host, const std::string& rate) const {
    const std::string shape = " root tbf rate " + rate + " burst 4kb latency 400ms";
    run(host, "tc qdisc add dev eth0" + shape);
    run("lan", "tc qdisc add dev " + host + shape);
  }

  /// Which names `host` knows, as lines of /etc/hosts.
  void set_names(const std::string& host, const std::string& lines) const {
    // In place: programs that run have this very file over their /etc/hosts.
    std::ofstream(names(host) / "hosts") << "127.0.0.1 localhost\n" << lines << '\n';
  }

 private:
  static std::string in(const std::string& host) { return "asyndgan-" + host; }
  static std::string inside(const std::string& host) { return "ip netns exec " + in(host) + " "; }
  static std::filesystem::path names(const std::string& host) {
    return std::filesystem::path("/etc/netns") / in(host);
  }

  void add(const std::string& host, const std::string& number) const {
    require_shell("ip netns add " + in(host));
    run(host, "ip link set lo up");
    run("lan", "ip link add " + host + " type veth peer name eth0 netns " + in(host));
    run("lan", "ip link set " + host + " master bridge up");
    run(host, "ip addr add 10.77.0." + number + "/24 dev eth0");
    run(host, "ip addr add fd77::" + number + "/64 dev eth0 nodad");
    run(host, "ip link set eth0 up");
    run(host,
        "nft 'add table inet faults; add chain inet faults input "
        "{ type filter hook input priority 0; }'");
    std::filesystem::create_directories(names(host));
    set_names(host, std::string("10.77.0.1 ") + kCentreName);
  }

  void drop(const std::string& host, const std::string& match) const {
    run(host, "nft 'add rule inet faults input " + match + " iifname eth0 drop'");
  }

  [[nodiscard]] std::string number(const std::string& host) const {
    const auto found = std::find(hosts_.begin(), hosts_.end(), host);
    REQUIRE(found != hosts_.end());
    return std::to_string(found - hosts_.begin() + 1);
  }

  static void clean_up() {
    (void)shell(
        "for host in $(ip netns list | cut -d' ' -f1 | grep '^asyndgan-'); do"
        "  ip netns pids $host | xargs -r kill -9;"
        "  ip netns del $host; rm -rf /etc/netns/$host;"
        "done;"
        "rmdir --ignore-fail-on-non-empty /etc/netns;"
        "grep '^asyndgan-faults ' /proc/mounts | cut -d' ' -f2 | xargs -r umount -l");
  }

  std::vector<std::string> hosts_;
  asyndgan::detail::Descriptor lock_;
};

}  // namespace asyndgan::faults
