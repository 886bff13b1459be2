// SPDX-License-Identifier: Apache-2.0
//
// An authority whose program is killed at any moment.

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>
#include <thread>

#include "asyndgan/transport/authority.hpp"
#include "consortium.hpp"
#include "support/catch.hpp"

namespace asyndgan::transport {
namespace {

namespace fs = std::filesystem;
using namespace test;  // NOLINT: the fixture of this folder

/// In a process of its own: renews a certificate over and over, revokes one, issues the next.
pid_t start_work(Authority& authority, const TemporaryFolder& folder, int round) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child != 0) return child;
  try {
    for (int i = 0;; ++i) {
      const std::string name = "s" + std::to_string(round) + "-" + std::to_string(i);
      authority.issue({.name = name}, folder / name, kNoon);
      authority.issue({.name = "north", .renew = true}, folder / "north", kNoon);
      authority.revoke(name, kNoon);
    }
  } catch (...) {
    ::_exit(1);
  }
}

TEST_CASE("Killed at any moment, an authority loses nothing that it has given away", "[net]") {
  Consortium consortium;
  consortium.issue({.name = "north"});
  std::size_t entries = 1;
  for (int round = 0; round < 25; ++round) {
    const pid_t child = start_work(consortium.authority, consortium.folder, round);
    std::this_thread::sleep_for(std::chrono::milliseconds(3 * round));
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));

    std::set<std::string> entered;
    for (const auto& issued : consortium.authority.issued()) entered.insert(issued.serial);
    CHECK(entered.size() >= entries);
    entries = entered.size();
    for (const auto& entry : fs::directory_iterator(consortium.folder.path())) {
      const std::string name = entry.path().filename().string();
      if (name == "authority" || name.front() == '.') continue;  // a part that was cut off
      const auto file = entry.path() / "certificate.pem";
      CHECK(entered.contains(describe_certificate(file).serial));
      CHECK_FALSE(why_refused(file, {consortium.trust().authority}, Role::site, kNoon));
    }
    // The next order finds nothing in its way.
    consortium.issue({.name = "north", .renew = true});
    CHECK(folder_problem(consortium.folder / "north", kNoon) == std::nullopt);
    ++entries;
  }
  CHECK(entries > 26);  // 26 are this test's own; 44 to 48 seen
}

}  // namespace
}  // namespace asyndgan::transport
