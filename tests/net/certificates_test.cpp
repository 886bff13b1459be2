// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/certificates.hpp"

#include "consortium.hpp"
#include "support/catch.hpp"

namespace asyndgan::transport {
namespace {

using Catch::Contains;
using Catch::EndsWith;
using namespace test;  // NOLINT: the fixture of this folder

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

TEST_CASE("Times are told in UTC, for people and for programs", "[net]") {
  CHECK(utc_text(kNoon + seconds(9)) == "2026-01-15 12:00:09 UTC");
  CHECK(iso_text(kNoon - hours(13)) == "2026-01-14T23:00:00Z");
  CHECK(iso_text(UtcTime(seconds(-1))) == "1969-12-31T23:59:59Z");
  CHECK(iso_text(UtcTime(seconds(4102444800))) == "2100-01-01T00:00:00Z");  // date -d @4102444800
}

TEST_CASE("Names are plain: they become folders and common names", "[net]") {
  for (const std::string good : {"a", "north", "North-2", "ct_1", "gan.example.org", "7"}) {
    CHECK_FALSE(name_problem(good));
  }
  CHECK_FALSE(name_problem(std::string(64, 'x')));
  for (const std::string bad : {"", ".", "..", ".hidden", "-x", "_x", "a/b", "../a", "/etc", "a b",
                                "a\nb", "\x1b[2J", "n\xc3\xb6rd", "a,b", "a=b", "authority"}) {
    CAPTURE(bad);
    CHECK(name_problem(bad));
  }
  CHECK(name_problem(std::string(65, 'x')));
  CHECK(name_problem(std::string("a\0b", 3)));
  CHECK(*name_problem("../a") ==
        "a name of 4 bytes given, expected 1 to 64 letters, digits, '-', '_' or '.', a letter or "
        "digit first");
}

TEST_CASE("A certificate says who its holder is, in which role, and for how long", "[net]") {
  Consortium consortium;
  const auto issued = consortium.issue({.name = "centre",
                                        .role = Role::central,
                                        .hosts = {"gan.example.org", "192.0.2.7", "2001:db8::7"},
                                        .lifetime = days(10)});
  const Certificate read = describe_certificate(consortium.file("centre", "certificate.pem"));
  CHECK(read.name == "centre");
  CHECK(read.consortium == "Head consortium");
  CHECK(read.role == Role::central);
  CHECK(read.issuer == "CN=authority,O=Head consortium");
  CHECK(read.serial == issued.serial);
  CHECK(read.hosts ==
        std::vector<std::string>{"centre", "gan.example.org", "192.0.2.7", "2001:db8::7"});
  CHECK(read.not_before == kNoon - Authority::kClockAllowance);
  CHECK(read.not_after == kNoon + days(10));
  CHECK(read.key == issued.key);
  CHECK(days_left(read, kNoon) == 10);
  CHECK(days_left(read, kNoon + seconds(1)) == 9);
  CHECK(days_left(read, kNoon + days(10) + seconds(1)) == -1);

  CHECK(made_at(read) == kNoon);
  CHECK(read.revocations_at.empty());

  consortium.issue({.name = "north"});
  CHECK(describe_certificate(consortium.file("north", "certificate.pem")).role == Role::site);
  Certificate foreign = read;
  foreign.issuer = "CN=Hospital CA,O=Elsewhere";
  CHECK(made_at(foreign) == std::nullopt);
  const Certificate& own = consortium.authority.certificate();
  CHECK(own.role == Role::authority);
  CHECK(own.name == "authority");
  CHECK(days_left(own, kNoon) == 3653);
}

TEST_CASE("Why a certificate does not count is told in plain words", "[net]") {
  Consortium consortium;
  const auto north = consortium.issue({.name = "north"});
  CHECK(consortium.judged("north", kNoon) == "counts");
  CHECK(consortium.judged("north", kNoon - hours(1)) == "counts");  // a clock that is late
  CHECK(consortium.judged("north", kNoon + days(30) - seconds(1)) == "counts");
  CHECK(consortium.judged("north", kNoon + days(30)) == "expired on 2026-02-14 12:00:00 UTC");
  CHECK(consortium.judged("north", kNoon - days(1)) ==
        "cannot be judged: the list of revoked certificates counts from 2026-01-15 10:55:00 UTC "
        "on, and here it is 2026-01-14 12:00:00 UTC: is the clock right?");
  const Trust no_list{consortium.trust().authority};
  CHECK(why_refused(consortium.file("north", "certificate.pem"), no_list, Role::site,
                    kNoon - days(1)) ==
        "is not valid before 2026-01-15 10:55:00 UTC, and here it is 2026-01-14 12:00:00 UTC: is "
        "the clock right?");
  CHECK(consortium.judged("north", kNoon, Role::central) ==
        "is that of a site, expected that of the centre");

  consortium.authority.revoke("north", kNoon + hours(2));
  CHECK(consortium.judged("north", kNoon + hours(3)) == "was revoked on 2026-01-15 14:00:00 UTC");
  CHECK(why_refused(consortium.file("north", "certificate.pem"), no_list, Role::site, kNoon) ==
        std::nullopt);  // who has no list does not know
}

TEST_CASE("A list of revoked certificates that is too old lets nobody in", "[net]") {
  Consortium consortium;
  consortium.issue({.name = "north", .lifetime = days(120)});
  CHECK(consortium.judged("north", kNoon + days(90) - seconds(1)) == "counts");
  CHECK(consortium.judged("north", kNoon + days(91)) ==
        "cannot be judged: the list of revoked certificates counts until 2026-04-15 12:00:00 UTC; "
        "ask the authority for a new one");
}

TEST_CASE("What another authority signed does not count, whatever its name", "[net]") {
  Consortium ours;
  Consortium theirs;  // of the same name
  theirs.issue({.name = "north"});
  ours.issue({.name = "north"});
  const auto judged = [&](const Trust& trust) {
    return why_refused(theirs.file("north", "certificate.pem"), trust, Role::site, kNoon)
        .value_or("counts");
  };
  CHECK(judged(theirs.trust()) == "counts");
  CHECK_THAT(judged(ours.trust()),
             Contains("was signed by another authority (CN=authority,O=Head consortium), expected "
                      "CN=authority,O=Head consortium with the key " +
                      ours.authority.certificate().key));
  CHECK(judged({theirs.trust().authority, ours.trust().revoked}) ==
        "cannot be judged: the list of revoked certificates is not that of its authority");
  // An authority is nobody's peer.
  CHECK(why_refused(ours.trust().authority, ours.trust(), Role::central, kNoon));
  CHECK_THROWS_AS(why_refused(ours.trust().authority, ours.trust(), Role::authority, kNoon),
                  ContractViolation);
}

TEST_CASE("An expired authority takes its certificates with it", "[net]") {
  const TemporaryFolder folder;
  auto authority = Authority::create(folder / "authority", "short", kNoon, days(20));
  authority.issue({.name = "north", .lifetime = days(20)}, folder / "north", kNoon);
  const auto reason =
      why_refused(folder / "north" / "certificate.pem", {folder / "north" / "authority.pem"},
                  Role::site, kNoon + days(21));
  REQUIRE(reason);
  CHECK_THAT(*reason, Contains("expired on 2026-02-04 12:00:00 UTC"));
}

TEST_CASE("A participant's folder is judged as a whole", "[net]") {
  Consortium consortium;
  consortium.issue({.name = "north"});
  consortium.issue({.name = "south"});
  const auto folder = consortium.folder / "north";
  CHECK(folder_problem(folder, kNoon) == std::nullopt);
  CHECK_THAT(folder_problem(folder, kNoon + days(31)).value_or(""),
             EndsWith("/north/certificate.pem' (north) expired on 2026-02-14 12:00:00 UTC"));
  std::filesystem::copy_file(consortium.file("south", "key.pem"), folder / "key.pem",
                             std::filesystem::copy_options::overwrite_existing);
  CHECK_THAT(folder_problem(folder, kNoon).value_or(""),
             Contains("/north/key.pem' is not the key of '") && EndsWith("certificate.pem'"));
  std::filesystem::permissions(folder / "key.pem", std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  CHECK_THAT(folder_problem(folder, kNoon).value_or(""),
             Contains("every user of this machine may read the key '"));
  std::filesystem::remove(folder / "key.pem");
  CHECK_THAT(folder_problem(folder, kNoon).value_or(""),
             EndsWith("/north/key.pem': No such file or directory"));
}

TEST_CASE("Damaged PEM files are refused with their name and what was expected", "[net]") {
  Consortium consortium;
  consortium.issue({.name = "north"});
  const auto good = consortium.file("north", "certificate.pem");
  const auto bad = consortium.folder / "bad.pem";
  const std::string text = contents(good);
  const auto told = [&](const std::string& damaged) {
    write(bad, damaged);
    return refusal([&] { return describe_certificate(bad); });
  };
  REQUIRE(told(text) == "accepted");
  const std::string expected =
      ", expected '-----BEGIN CERTIFICATE-----', base64 and '-----END CERTIFICATE-----'";
  const std::string named = "'" + bad.string() + "'";
  CHECK(told("") == named + " is no PEM file" + expected);
  CHECK(told("hello\n") == named + " is no PEM file" + expected);
  CHECK(told(std::string(1000, '\0')) == named + " is no PEM file" + expected);
  CHECK_THAT(told(text.substr(0, text.size() / 2)),
             Contains(named + " is damaged (") && EndsWith(expected));
  CHECK_THAT(told("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
             Contains(named + " is damaged: what it holds is no certificate"));
  CHECK(told(contents(consortium.file("north", "key.pem"))) ==
        named + " holds a 'PRIVATE KEY', expected a 'CERTIFICATE'");
  CHECK(told("-----BEGIN \x1b[2J-----\nAAAA\n-----END \x1b[2J-----\n") ==
        named + " holds something else, expected a 'CERTIFICATE'");
  CHECK(refusal([&] { return describe_certificate(consortium.folder / "none.pem"); }) ==
        "cannot open '" + (consortium.folder / "none.pem").string() +
            "': No such file or directory");
  CHECK_THAT(refusal([&] { return describe_request(good); }),
             EndsWith("holds a 'CERTIFICATE', expected a 'CERTIFICATE REQUEST'"));
}

TEST_CASE("No byte of a certificate can be cut off or changed unnoticed", "[net]") {
  Consortium consortium;
  consortium.issue({.name = "north"});
  const std::string text = contents(consortium.file("north", "certificate.pem"));
  const auto bad = consortium.folder / "bad.pem";
  const auto counts = [&](const std::string& damaged) {
    write(bad, damaged);
    try {
      return !why_refused(bad, consortium.trust(), Role::site, kNoon);
    } catch (const Error&) {
      return false;
    }
  };
  REQUIRE(counts(text));
  const std::size_t begin = text.find('\n') + 1;
  const std::size_t end = text.find("\n-----END");
  for (std::size_t i = 0; i < end; ++i) CHECK_FALSE(counts(text.substr(0, i)));
  for (std::size_t i = begin; i + 4 < end; ++i) {  // the last letters have bits that say nothing
    std::string changed = text;
    if (changed[i] == '\n') continue;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(counts(changed));
  }
}

TEST_CASE("A participant makes its own key and asks with a request", "[net]") {
  const TemporaryFolder folder;
  const auto asked = request_certificate(folder / "deep" / "north", "north");
  CHECK(asked.name == "north");
  CHECK(asked.key.size() == 64);
  const auto read = describe_request(folder / "deep" / "north" / "request.pem");
  CHECK(read.name == "north");
  CHECK(read.key == asked.key);
  CHECK(mode_of(folder / "deep" / "north") == 0700);
  CHECK(mode_of(folder / "deep" / "north" / "key.pem") == 0600);

  CHECK_THAT(refusal([&] { return request_certificate(folder / "deep" / "north", "north"); }),
             EndsWith("exists already, and nothing in it is overwritten unasked"));
  CHECK(describe_request(folder / "deep" / "north" / "request.pem").key == asked.key);
  CHECK_THAT(refusal([&] { return request_certificate(folder / "x", "../x"); }),
             Contains("expected 1 to 64 letters"));
  CHECK(folder.entries() == 1);  // no folder of what was refused, nor a part of one
}

}  // namespace
}  // namespace asyndgan::transport
