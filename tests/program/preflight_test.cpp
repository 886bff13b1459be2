// SPDX-License-Identifier: Apache-2.0
//
// `asyndgan check --site`: what a site is told before a run.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "asyndgan/transport/authority.hpp"
#include "consortium.hpp"
#include "run_program.hpp"
#include "support/catch.hpp"
#include "support/raw_socket.hpp"

namespace asyndgan::program {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Catch::Contains;
using test::Consortium;
using test::Ended;

/// A look from site north, of one consortium.
struct Preflight {
  /// `state`: where the site is to keep what it has, if not where it usually would.
  [[nodiscard]] Ended look(const std::vector<std::string>& settings = {},
                           const fs::path& state = {}) const {
    auto arguments = consortium.site_arguments("north", "run");
    arguments[0] = "check";
    arguments[2] = "--site";
    if (!state.empty()) arguments[5] = state.string();
    for (const auto& setting : settings) {
      arguments.insert(arguments.end(), {"--set", setting});
    }
    return test::run(consortium.path() / "check", arguments);
  }
  /// The same with the certificates in another folder.
  [[nodiscard]] Ended look_with(const fs::path& certificates) const {
    return look({"network.certificates=" + certificates.string()});
  }
  [[nodiscard]] fs::path certificates(const std::string& name) const {
    return consortium.path() / "certificates" / name;
  }
  /// A centre that is ready for sites.
  [[nodiscard]] std::unique_ptr<test::Process> centre() const {
    auto running = consortium.central("run");
    consortium.wait_for_text(consortium.path() / "log-centre" / "stderr", "waiting for sites");
    return running;
  }

  Consortium consortium{"tls", 4};
};

TEST_CASE("A site is told before a run whether it can take part", "[program]") {
  const Preflight preflight;
  const Ended alone = preflight.look();
  CHECK(alone.code == 1);
  CHECK_THAT(alone.err, Contains("! network.host: cannot reach the centre at 127.0.0.1:") &&
                            Contains("Connection refused; is the centre running"));
  {
    const auto central = preflight.centre();
    const Ended ready = preflight.look();
    CAPTURE(ready.err);
    CHECK(ready.code == 0);
    CHECK_THAT(ready.err, Contains("certificate of 'Test', for ") && Contains(" more days") &&
                              Contains("clock: 20") && Contains("the centre at 127.0.0.1:") &&
                              Contains(" is 'centre', and takes this site's certificate") &&
                              Contains(" has room for ") &&
                              Contains("all in place: asyndgan site ") && !Contains("south"));
    const Ended other = preflight.look_with(preflight.certificates("south"));
    CHECK(other.code == 1);
    CHECK_THAT(other.err, Contains("certificate.pem is that of the site 'south', expected the "
                                   "site 'north'"));
    const Ended nothing = preflight.look_with(preflight.certificates("nowhere"));
    CHECK_THAT(nothing.err, Contains("nowhere") && Contains("by this machine's clock") &&
                                Contains("the centre's port is open"));
  }
  const Ended lost = preflight.look({"network.host=no-such-host.invalid"});
  CHECK_THAT(lost.err, Contains("network.host: cannot find the centre: 'no-such-host.invalid' does "
                                "not resolve"));
}

TEST_CASE("A site is told before a run who does not take whose certificate", "[program]") {
  const Preflight preflight;
  const auto central = preflight.centre();
  const Preflight strangers;
  const Ended foreign = preflight.look_with(strangers.certificates("north"));
  CHECK(foreign.code == 1);
  CHECK_THAT(
      foreign.err,
      Contains("the certificate of 'centre' was signed by another authority (CN=authority,"));

  transport::Authority authority(preflight.consortium.path() / "authority" / "authority");
  authority.revoke("north", transport::utc_now());
  CHECK(preflight.look().code == 0);  // the list has still to be carried
  fs::copy_file(preflight.consortium.path() / "authority" / "authority" / "revoked.pem",
                preflight.certificates("centre") / "revoked.pem",
                fs::copy_options::overwrite_existing);
  const Ended revoked = preflight.look();
  CHECK(revoked.code == 1);
  CHECK_THAT(revoked.err, Contains("! network.host: cannot join the centre at 127.0.0.1:") &&
                              Contains(": it refuses our certificate, which is revoked"));
}

TEST_CASE("A port where nobody answers costs a site two heartbeats", "[program]") {
  const Preflight preflight;
  const auto silent = asyndgan::test::RawSocket::listen();
  const auto begin = std::chrono::steady_clock::now();
  const Ended ended =
      preflight.look({"network.port=" + std::to_string(silent.port()), "network.heartbeat=0.1"});
  CHECK(std::chrono::steady_clock::now() - begin < 8s);  // 10 s with the usual heartbeat
  CHECK(ended.code == 1);
  CHECK_THAT(ended.err, Contains(": it did not answer in time"));
}

TEST_CASE("A clock that is behind the authority's is found", "[program]") {
  const Preflight preflight;
  transport::Authority authority(preflight.consortium.path() / "authority" / "authority");
  const auto renewed = [&](std::chrono::minutes ahead) {
    authority.issue({.name = "north", .renew = true}, preflight.certificates("north"),
                    transport::utc_now() + ahead);
    return preflight.look();
  };
  CHECK_THAT(renewed(4min).err, !Contains("by the authority's clock"));
  const Ended behind = renewed(30min);
  CHECK(behind.code == 1);
  CHECK_THAT(behind.err, Contains("! clock: 20") &&
                             Contains(" here, but the certificate of 'north' was made on 20") &&
                             Contains(" by the authority's clock: one of the two is wrong by 30 "
                                      "minutes at least"));
  CHECK_THAT(renewed(70min).err, Contains("is the clock right?"));  // it is not even valid here
}

TEST_CASE("A site is told before a run that it has no room, or no folder", "[program]") {
  const Preflight preflight;
  // 500 bytes of the ledger for each of 10^9 messages, in what the machine's memory has.
  const Ended full =
      preflight.look({"training.steps=10000000", "training.discriminator_steps=100"}, "/dev/shm/x");
  CHECK(full.code == 1);
  CHECK_THAT(full.err,
             Contains("! /dev/shm/x has room for ") && Contains(", the run needs about "));

  const fs::path file = preflight.consortium.path() / "file";
  std::ofstream(file) << "no folder";
  const Ended none = preflight.look({}, file / "state");
  CHECK(none.code == 1);
  CHECK_THAT(none.err, Contains("! cannot write to " + file.string()));
}

TEST_CASE("A site is told before a run which of its own files is broken", "[program]") {
  const Preflight preflight;
  std::ofstream(preflight.consortium.path() / "south" / "a_t1.nii") << "elsewhere, and not seen";
  CHECK_THAT(preflight.look().err, !Contains("a_t1.nii"));
  std::ofstream(preflight.consortium.path() / "north" / "a_t1.nii") << "no image";
  const Ended broken = preflight.look();
  CHECK(broken.code == 1);
  CHECK_THAT(
      broken.err,
      Contains("! ") && Contains((preflight.consortium.path() / "north" / "a_t1.nii").string()));
}

}  // namespace
}  // namespace asyndgan::program
