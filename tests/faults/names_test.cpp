// SPDX-License-Identifier: Apache-2.0
//
// F24: names and addresses.

#include <string>

#include "faults/run.hpp"

namespace asyndgan::faults {
namespace {

constexpr int kSteps = 30;

void name_centre(const Lan& lan, const std::string& address) {
  for (const std::string host : {"centre", "north", "south"}) {
    lan.set_names(host, address + " " + Lan::kCentreName);
  }
}

TEST_CASE("F24: a centre that moves to another address is found by its name", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  const Lan lan;
  LanConsortium consortium(lan, kEndless);
  const Run run(consortium);
  run.wait_for_steps(20);
  const Since moved(run.events());
  lan.run("centre", "ip addr del 10.77.0.1/24 dev eth0");
  lan.run("centre", "ip addr add 10.77.0.9/24 dev eth0");
  name_centre(lan, "10.77.0.9");
  const double back = seconds_until("the run goes on", 30, [&] { return moved.lines() > 5; });
  measured("F24: centre moved to another address: lockstep goes on after ", back, " s");
  CHECK(back <= 20);  // 12.5 s of silence, and 5 s
  run.stop();
}

TEST_CASE("F24: a network with IPv6 alone", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  const Lan lan;
  for (const std::string host : {"centre", "north", "south"}) {
    lan.run(host, "ip -4 addr flush dev eth0");
  }
  name_centre(lan, "fd77::1");
  LanConsortium consortium(lan, kSteps);
  program::test::run_undisturbed(consortium, "run");
  measured("F24: IPv6 alone: ", kSteps, " steps");
}

TEST_CASE("F24: a network with IPv4 alone, and a name that has both", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  const Lan lan;
  for (const std::string host : {"centre", "north", "south"}) {
    lan.run(host, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
    lan.set_names(host,
                  "fd77::1 " + std::string(Lan::kCentreName) + "\n10.77.0.1 " + Lan::kCentreName);
  }
  LanConsortium consortium(lan, kSteps);
  program::test::run_undisturbed(consortium, "run");
  measured("F24: IPv4 alone, with a name that has an IPv6 address too: ", kSteps, " steps");
}

}  // namespace
}  // namespace asyndgan::faults
