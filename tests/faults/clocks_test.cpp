// SPDX-License-Identifier: Apache-2.0
//
// F16, F17: clocks that jump or differ, and certificates that expire or are replaced.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/transport/authority.hpp"
#include "faults/run.hpp"

namespace asyndgan::faults {
namespace {

using transport::utc_now;

/// A participant's calendar, set by a file while its program runs. Clocks that only go forward are
/// left alone, as they are when a machine's time is set.
class Calendar {
 public:
  explicit Calendar(std::filesystem::path file) : file_(std::move(file)) { set("+0"); }

  void set(const std::string& offset) const { std::ofstream(file_) << offset << '\n'; }

  [[nodiscard]] std::vector<std::string> launcher(const Lan& lan, const std::string& host) const {
    auto words = lan.launcher(host);
    words.insert(words.end(), {"env", "LD_PRELOAD=" + library(),
                               "FAKETIME_TIMESTAMP_FILE=" + file_.string(), "FAKETIME_NO_CACHE=1",
                               "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"});
    return words;
  }

  /// Empty where it is not installed.
  [[nodiscard]] static std::string library() {
    const Said said = shell("ls /usr/lib/*/faketime/libfaketimeMT.so.1");
    return said.code == 0 ? said.text.substr(0, said.text.find('\n')) : "";
  }

 private:
  std::filesystem::path file_;
};

#define ASYNDGAN_REQUIRE_FAKETIME()                                        \
  if (Calendar::library().empty()) {                                       \
    WARN("cannot run here: the Debian package faketime is not installed"); \
    return;                                                                \
  }                                                                        \
  static_assert(true)

TEST_CASE("F16: clocks of sites that differ by two hours", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  ASYNDGAN_REQUIRE_FAKETIME();
  constexpr int kSteps = 60;
  const Lan lan;
  LanConsortium consortium(lan, kSteps);
  program::test::run_undisturbed(consortium, "whole");
  consortium.keep_secrets("whole");
  const Calendar north(consortium.path() / "clock-north");
  const Calendar south(consortium.path() / "clock-south");
  north.set("+1h");
  south.set("-1h");
  consortium.start_by("north", north.launcher(lan, "north"));
  consortium.start_by("south", south.launcher(lan, "south"));
  program::test::run_undisturbed(consortium, "differing");
  CHECK((consortium.generator("differing") == consortium.generator("whole")));
  measured("F16: sites an hour early and an hour late: the generator is the same");
}

TEST_CASE("F16: a centre whose clock jumps", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  ASYNDGAN_REQUIRE_FAKETIME();
  const Lan lan;
  LanConsortium consortium(lan, kEndless);
  consortium.set("network.minimum_sites=1");
  const Calendar calendar(consortium.path() / "clock");
  consortium.start_by("centre", calendar.launcher(lan, "centre"));
  Run run(consortium);
  run.wait_for_steps(20);
  const Since south(run.log("south"));
  const Since all(run.events());
  for (const std::string jump : {"+1d", "-1d"}) {
    const Since jumped(run.events());
    calendar.set(jump);
    pause(16);  // longer than a silence may be
    CHECK(jumped.lines_with(kOfSouth) > 10);
  }
  CHECK_FALSE(all.says(kSouthGone));
  CHECK_FALSE(south.says("trying again"));

  // That the clock did jump shows where somebody new comes.
  run.south->signal(SIGKILL);
  CHECK(run.south->wait().code == -SIGKILL);
  const Since refused(run.log("centre"));
  run.south = consortium.site("south", run.out);
  seconds_until("the centre doubts its clock", 10,
                [&] { return refused.says("is the clock right?"); });
  const Since right(run.events());
  calendar.set("+0");
  const double back = seconds_until("south is in", 15, [&] { return right.says(kOfSouth); });
  measured(
      "F16: centre's clock jumps by +1 and -2 days: nobody is lost; who comes anew is refused "
      "for the clock, and in ",
      back, " s after it is right");
  run.stop();
}

constexpr auto kBrief = std::chrono::seconds(20);
constexpr auto kUsual = std::chrono::days(30);

void renew(const Consortium& consortium, const std::string& site, std::chrono::seconds lifetime) {
  transport::Authority(consortium.path() / "authority" / "authority")
      .issue({.name = site, .lifetime = lifetime, .renew = true},
             consortium.path() / "certificates" / site, utc_now());
}

TEST_CASE("F17: a certificate that is replaced before it expires costs no step", "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  const Lan lan;
  LanConsortium consortium(lan, kEndless);
  renew(consortium, "south", kBrief);
  const auto begin = Clock::now();
  const Run run(consortium);
  run.wait_for_steps(20);
  renew(consortium, "south", kUsual);
  const Since south(run.log("south"));
  const double seen = seconds_until("south connects anew", 60,
                                    [&] { return south.says("connected to the centre"); });
  const double after = Seconds(Clock::now() - begin - kBrief).count();
  const Since continued(run.events());
  const double back = seconds_until("a step", 5, [&] { return continued.lines() > 0; });
  run.stop();
  const std::string events = program::test::contents(run.events());
  const auto steps = std::count(events.begin(), events.end(), '\n');
  std::ptrdiff_t step = 0;
  std::istringstream lines(events);
  for (std::string line; std::getline(lines, line);) {
    ++step;
    CHECK((line.find("\"step\":" + std::to_string(step) + ",") != line.npos));
    CHECK((line.find("\"answers\":2,\"dropped\":0,") != line.npos));
  }
  CHECK((events.find("is gone") != events.npos));
  measured("F17: replaced certificate: the old one's connection ended ", after,
           " s after it expired (", seen, " s after the new one came), the next step ", back,
           " s later; all ", steps, " steps have both gradients");
}

TEST_CASE(
    "F17: a certificate that expires or is revoked puts its site out until there is a new one",
    "[faults]") {
  ASYNDGAN_REQUIRE_NAMESPACES();
  const Lan lan;
  LanConsortium consortium(lan, kEndless);
  consortium.set("network.minimum_sites=1");
  renew(consortium, "south", kBrief);
  const auto expires = Clock::now() + kBrief;
  const Run run(consortium);
  const Since first(run.events());
  seconds_until("south is in", 15, [&] { return first.says(kOfSouth); });
  const Since south(run.log("south"));
  seconds_until("south is out", 60, [&] { return first.says(kSouthGone); });
  const double out = Seconds(Clock::now() - expires).count();
  CHECK(out <= 32);
  seconds_until("south knows why", 10, [&] { return south.says("expired on 20"); });
  const Since renewed(run.events());
  renew(consortium, "south", kUsual);
  const double back = seconds_until("south is in", 10, [&] { return renewed.says(kOfSouth); });

  const Since second(run.events());
  transport::Authority(consortium.path() / "authority" / "authority").revoke("south", utc_now());
  std::filesystem::copy_file(consortium.path() / "authority" / "authority" / "revoked.pem",
                             consortium.path() / "certificates" / "centre" / "revoked.pem",
                             std::filesystem::copy_options::overwrite_existing);
  const double revoked = seconds_until("south is out", 60, [&] { return second.says(kSouthGone); });
  measured("F17: expired certificate: out after ", out, " s, in ", back,
           " s after it was renewed; revoked: out after ", revoked, " s");
  run.stop();
}

}  // namespace
}  // namespace asyndgan::faults
