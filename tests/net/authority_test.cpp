// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/authority.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "consortium.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"

namespace asyndgan::transport {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using Catch::EndsWith;
using namespace test;  // NOLINT: the fixture of this folder

std::set<std::string> files_of(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

using Names = std::set<std::string>;
const Names kParticipant{"authority.pem", "certificate.pem", "key.pem", "revoked.pem"};

TEST_CASE("An authority and its participants get a folder each, and keys nobody else reads",
          "[net]") {
  const mode_t before = ::umask(0);  // the worst that a user may have
  Consortium consortium;
  consortium.issue({.name = "north"});
  ::umask(before);
  CHECK(files_of(consortium.folder.path()) == Names{"authority", "north"});
  CHECK(files_of(consortium.folder / "authority") ==
        Names{"certificate.pem", "issued.jsonl", "key.pem", "revoked.pem"});
  CHECK(files_of(consortium.folder / "north") == kParticipant);
  for (const std::string name : {"authority", "north"}) {
    CHECK(mode_of(consortium.folder / name) == 0700);
    CHECK(mode_of(consortium.file(name, "key.pem")) == 0600);
    CHECK(mode_of(consortium.file(name, "certificate.pem")) == 0644);
  }
  CHECK(contents(consortium.file("north", "authority.pem")) ==
        contents(consortium.file("authority", "certificate.pem")));
  CHECK(contents(consortium.file("north", "revoked.pem")) ==
        contents(consortium.file("authority", "revoked.pem")));
}

TEST_CASE("An authority is not made twice, nor of a name that no certificate can have", "[net]") {
  Consortium consortium;
  const std::string key = contents(consortium.file("authority", "key.pem"));
  CHECK_THAT(
      refusal([&] { return Authority::create(consortium.folder / "authority", "x", kNoon); }),
      EndsWith("/authority' exists already, and nothing in it is overwritten unasked"));
  CHECK(contents(consortium.file("authority", "key.pem")) == key);

  for (const std::string& bad : {std::string(), std::string(65, 'x'), std::string("a\nb"),
                                 std::string("a\0b", 3), std::string("\xff\xfe")}) {
    CHECK(refusal([&] { return Authority::create(consortium.folder / "b", bad, kNoon); }) !=
          "accepted");
  }
  CHECK(files_of(consortium.folder.path()) == Names{"authority"});
  CHECK(refusal([&] {
          return Authority::create(consortium.folder / "umlaut", "Köpfe e.V.", kNoon);
        }) == "accepted");
  CHECK(Authority(consortium.folder / "umlaut").certificate().consortium == "Köpfe e.V.");
}

TEST_CASE("The ledger tells of every certificate, one line each", "[net]") {
  Consortium consortium;
  const auto centre =
      consortium.issue({.name = "centre", .role = Role::central, .hosts = {"192.0.2.7"}});
  const auto north = consortium.issue({.name = "north"}, kNoon + hours(1));
  CHECK(centre.serial != north.serial);
  CHECK(contents(consortium.file("authority", "issued.jsonl")) ==
        "{\"serial\":\"" + centre.serial +
            "\",\"name\":\"centre\",\"role\":\"central\",\"hosts\":[\"centre\",\"192.0.2.7\"],"
            "\"not_before\":\"2026-01-15T10:55:00Z\",\"not_after\":\"2026-02-14T12:00:00Z\","
            "\"key\":\"" +
            centre.key + "\"}\n{\"serial\":\"" + north.serial +
            "\",\"name\":\"north\",\"role\":\"site\",\"hosts\":[],"
            "\"not_before\":\"2026-01-15T11:55:00Z\",\"not_after\":\"2026-02-14T13:00:00Z\","
            "\"key\":\"" +
            north.key + "\"}\n");

  consortium.authority.revoke("north", kNoon + hours(5));
  const auto ledger = Authority(consortium.folder / "authority").issued();
  REQUIRE(ledger.size() == 2);
  CHECK(ledger[0].name == "centre");
  CHECK_FALSE(ledger[0].revoked);
  CHECK(ledger[1].serial == north.serial);
  CHECK(ledger[1].revoked == kNoon + hours(5));
}

TEST_CASE("A certificate is renewed when asked, and the old one counts until it expires", "[net]") {
  Consortium consortium;
  const auto first = consortium.issue({.name = "north"});
  const std::string old = contents(consortium.file("north", "certificate.pem"));
  std::ofstream(consortium.folder / "old.pem") << old;
  const UtcTime later = kNoon + days(20);

  CHECK(refusal([&] { return consortium.issue({.name = "north"}, later); }) ==
        "\"north\" has a certificate as site until 2026-02-14 12:00:00 UTC; ask for its renewal");
  CHECK(contents(consortium.file("north", "certificate.pem")) == old);
  CHECK(consortium.authority.issued().size() == 1);

  const auto second = consortium.issue({.name = "north", .renew = true}, later);
  CHECK(second.serial != first.serial);
  CHECK(second.key != first.key);
  CHECK(files_of(consortium.folder / "north") == kParticipant);
  CHECK(folder_problem(consortium.folder / "north", later) == std::nullopt);
  CHECK(mode_of(consortium.file("north", "key.pem")) == 0600);
  const auto old_one = [&](UtcTime at) {
    return why_refused(consortium.folder / "old.pem", consortium.trust(), Role::site, at)
        .value_or("counts");
  };
  CHECK(old_one(later) == "counts");
  CHECK(consortium.judged("north", later) == "counts");
  CHECK(consortium.judged("north", kNoon + days(31)) == "counts");
  CHECK(old_one(kNoon + days(31)) == "expired on 2026-02-14 12:00:00 UTC");

  CHECK(refusal([&] { return consortium.issue({.name = "nroth", .renew = true}); }) ==
        "\"nroth\" has no certificate to renew");
}

TEST_CASE("Revoking takes a name or a serial number, and keeps the first date", "[net]") {
  Consortium consortium;
  const auto first = consortium.issue({.name = "north"});
  const auto second = consortium.issue({.name = "north", .renew = true}, kNoon + days(1));
  consortium.issue({.name = "south"}, kNoon + days(1));
  auto& authority = consortium.authority;

  std::string written = first.serial;  // as other programs write it
  std::transform(written.begin(), written.end(), written.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  written.insert(2, ":");
  const auto one = authority.revoke(written, kNoon + days(2));
  REQUIRE(one.size() == 1);
  CHECK(one.front().serial == first.serial);
  CHECK(consortium.judged("north", kNoon + days(3)) == "counts");  // the second

  const auto all = authority.revoke("north", kNoon + days(4));
  REQUIRE(all.size() == 2);
  CHECK(all[0].revoked == kNoon + days(2));
  CHECK(all[1].serial == second.serial);
  CHECK(all[1].revoked == kNoon + days(4));
  CHECK(consortium.judged("north", kNoon + days(5)) == "was revoked on 2026-01-19 12:00:00 UTC");
  CHECK(consortium.judged("south", kNoon + days(5)) == "counts");

  CHECK(authority.revoke("north", kNoon + days(6)).at(1).revoked == kNoon + days(4));
  CHECK_THAT(refusal([&] { return authority.revoke("nroth", kNoon); }),
             Contains("no certificate has the name or serial number \"nroth\""));
  // Who was revoked may get a new one.
  consortium.issue({.name = "north", .renew = true}, kNoon + days(7));
  CHECK(consortium.judged("north", kNoon + days(7)) == "counts");
}

TEST_CASE("Orders that make no sense are refused, and enter nothing", "[net]") {
  Consortium consortium;
  consortium.issue({.name = "north"});
  const auto told = [&](const CertificateOrder& order) {
    return refusal(
        [&] { return consortium.authority.issue(order, consortium.folder / "x", kNoon); });
  };
  for (const std::string name : {"", "..", "../x", "a/b", "authority"}) {
    CHECK(told({.name = name}) == name_problem(name));
  }
  CHECK(told({.name = "North"}) ==
        "the name \"North\" differs from \"north\" in its capitals alone");
  CHECK_THAT(told({.name = "north", .role = Role::central, .renew = true}),
             Contains("\"north\" has a certificate as site until"));
  CHECK(told({.name = "a", .role = Role::authority}) == "an authority signs no other authority");
  CHECK(told({.name = "a", .hosts = {"h"}}) ==
        "host h given for a site; nobody calls a site, hosts are for the centre");
  for (const std::string host :
       {"", "a b", "a,DNS:b", "*.example.org", "..", ".a", "-a", "a\nb", "[::1]", "h:1"}) {
    CAPTURE(host);
    CHECK_THAT(told({.name = "c", .role = Role::central, .hosts = {host}}),
               Contains("expected a DNS name such as gan.example.org or an IP address"));
  }
  for (const seconds lifetime : {seconds(0), seconds(-1), seconds(days(3654)), seconds::max()}) {
    CHECK_THAT(told({.name = "a", .lifetime = lifetime}),
               Contains("expected one above 0 that ends before the authority's own"));
  }
  CHECK_THAT(refusal([&] { return consortium.issue({.name = "a"}, kNoon - days(1)); }),
             EndsWith("and here it is 2026-01-14 12:00:00 UTC: is the clock right?"));
  CHECK(consortium.authority.issued().size() == 1);
  CHECK(files_of(consortium.folder.path()) == Names{"authority", "north"});
}

TEST_CASE("A key that was made at the site stays there", "[net]") {
  Consortium consortium;
  const auto own = consortium.folder / "at-the-site" / "north";
  const auto asked = request_certificate(own, "north");
  const auto out = consortium.folder / "sent-back";
  const auto signed_one =
      consortium.authority.sign(own / "request.pem", {.name = "north"}, out, kNoon);
  CHECK(signed_one.key == asked.key);
  CHECK(files_of(out) == Names{"authority.pem", "certificate.pem", "revoked.pem"});
  for (const auto& entry : fs::directory_iterator(out)) {
    fs::copy_file(entry.path(), own / entry.path().filename());
  }
  CHECK(folder_problem(own, kNoon) == std::nullopt);

  // The same request, for the next month: one file goes back.
  consortium.authority.sign(own / "request.pem", {.name = "north", .renew = true}, out,
                            kNoon + days(25));
  fs::copy_file(out / "certificate.pem", own / "certificate.pem",
                fs::copy_options::overwrite_existing);
  CHECK(folder_problem(own, kNoon + days(50)) == std::nullopt);
}

TEST_CASE("Of a request its name and signature are checked", "[net]") {
  Consortium consortium;
  const auto request = consortium.folder / "site" / "request.pem";
  (void)request_certificate(consortium.folder / "site", "north");
  const auto told = [&](const std::string& name) {
    return refusal([&] {
      return consortium.authority.sign(request, {.name = name}, consortium.folder / "out", kNoon);
    });
  };
  CHECK(told("south") ==
        "'" + request.string() + "' is for the name \"north\", expected \"south\"");
  std::string text = contents(request);
  const std::size_t in_signature = text.find("\n-----END") - 12;
  text[in_signature] = text[in_signature] == 'A' ? 'B' : 'A';
  std::ofstream(request) << text;
  CHECK_THAT(told("north"), Contains("'" + request.string() +
                                     "': the request is not signed with the key that it is for"));
  CHECK(consortium.authority.issued().empty());
  CHECK_FALSE(fs::exists(consortium.folder / "out"));
}

TEST_CASE("A damaged ledger is refused by line and key", "[net]") {
  Consortium consortium;
  consortium.issue({.name = "north"});
  const auto file = consortium.file("authority", "issued.jsonl");
  const std::string good = contents(file);
  const auto told = [&](const std::string& text) {
    std::ofstream(file) << text;
    const std::string message = refusal([&] { return consortium.authority.issued(); });
    CHECK(message == refusal([&] { return consortium.issue({.name = "south"}); }));
    const std::string named = "'" + file.string() + "' ";
    CHECK_THAT(message, Catch::StartsWith(named));
    return message.substr(named.size());
  };
  const auto with = [&](const std::string& key, const nlohmann::ordered_json& value) {
    auto object = nlohmann::ordered_json::parse(good);
    if (value.is_null()) {
      object.erase(key);
    } else {
      object[key] = value;
    }
    return told(good + object.dump() + "\n");
  };
  CHECK(told(good + "\n") == "line 2: is no JSON object");
  CHECK(told(good + "[]\n") == "line 2: is no JSON object");
  CHECK(told(good.substr(0, good.size() - 1)) == "line 1: is cut off, expected a line end");
  CHECK(told(good + "{") == "line 2: is cut off, expected a line end");
  CHECK(told(std::string(100000, '[') + "\n") == "line 1: is no JSON object");
  CHECK(with("serial", "12") == "line 2: 'serial' is \"12\", expected 32 hexadecimal digits");
  CHECK(with("name", nullptr) == "line 2: 'name' is missing, expected a text");
  CHECK_THAT(with("name", "../x"), Contains("line 2: 'name': a name of 4 bytes given"));
  CHECK(with("role", "authority") ==
        "line 2: 'role' is \"authority\", expected \"central\" or \"site\"");
  CHECK(with("hosts", "x") == "line 2: 'hosts' is \"x\", expected a list of texts");
  for (const std::string time : {"2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z",
                                 "2026-01-01T00:00:00Zx", "-1"}) {
    CHECK(with("not_after", time) ==
          "line 2: 'not_after' is \"" + time + "\", expected a time such as 2026-12-24T13:05:09Z");
  }
  CHECK(with("revoked", 1) == "line 2: 'revoked' is 1, expected a text");
}

TEST_CASE("Files of another authority are found out before they are used", "[net]") {
  Consortium ours;
  const Consortium theirs;
  fs::copy_file(theirs.file("authority", "key.pem"), ours.file("authority", "key.pem"),
                fs::copy_options::overwrite_existing);
  CHECK_THAT(refusal([&] { return ours.issue({.name = "north"}); }),
             Contains("/authority/key.pem' is not the key of '"));
  CHECK(ours.authority.issued().empty());
  Consortium third;
  third.issue({.name = "north"});
  CHECK_THAT(refusal([&] { return Authority(third.folder / "north"); }),
             EndsWith("/north/certificate.pem' is that of a site, expected the authority's"));
}

TEST_CASE("A full disk leaves a ledger that reads and folders that are whole or not there",
          "[net]") {
  int failures = 0;
  for (rlim_t limit = 0; limit <= 1400; limit += 200) {  // the ledger's two lines have 660 bytes
    Consortium consortium;
    consortium.issue({.name = "north"});
    std::string message;
    {
      const asyndgan::test::FullDisk full(limit);
      message = refusal([&] { return consortium.issue({.name = "south"}); });
    }
    CAPTURE(limit, message);
    const bool done = message == "accepted";
    if (!done) {
      ++failures;
      CHECK_THAT(message, Contains("File too large"));
    }
    CHECK(files_of(consortium.folder.path()) ==
          (done ? Names{"authority", "north", "south"} : Names{"authority", "north"}));
    CHECK(consortium.authority.issued().size() >= (done ? 2u : 1u));
    CHECK(consortium.judged("north", kNoon) == "counts");
    const bool entered = consortium.authority.issued().size() == 2;
    consortium.issue({.name = "south", .renew = entered});  // with room again
    CHECK(folder_problem(consortium.folder / "south", kNoon) == std::nullopt);
  }
  CHECK(failures >= 3);
}

TEST_CASE("Orders at the same time take their turns", "[net]") {
  Consortium consortium;
  std::vector<std::thread> clerks;
  clerks.reserve(4);
  for (int clerk = 0; clerk < 4; ++clerk) {
    clerks.emplace_back([&consortium, clerk] {
      Authority authority(consortium.folder / "authority");
      for (int i = 0; i < 5; ++i) {
        const std::string name = "s" + std::to_string(clerk) + "-" + std::to_string(i);
        authority.issue({.name = name}, consortium.folder / name, kNoon);
      }
    });
  }
  for (auto& clerk : clerks) clerk.join();
  const auto ledger = consortium.authority.issued();
  CHECK(ledger.size() == 20);
  Names serials;
  for (const auto& issued : ledger) {
    serials.insert(issued.serial);
    CHECK(folder_problem(consortium.folder / issued.name, kNoon) == std::nullopt);
  }
  CHECK(serials.size() == 20);
}

}  // namespace
}  // namespace asyndgan::transport
