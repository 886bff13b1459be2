// SPDX-License-Identifier: Apache-2.0
//
// The verb `provision`, run as the people of a consortium run it.

#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "run_program.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"

namespace asyndgan::program {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using test::contents;
using test::Ended;

/// A consortium's folder, "certificates", with an authority in it.
class Desk {
 public:
  Desk() { REQUIRE(run({"init", folder(), "--consortium", "Head study"}).code == 0); }

  /// `asyndgan provision ...`.
  [[nodiscard]] Ended run(std::vector<std::string> arguments,
                          const test::RunOptions& options = {}) const {
    arguments.insert(arguments.begin(), "provision");
    return test::run(scratch_.path(), std::move(arguments), options);
  }
  [[nodiscard]] Ended issue(const std::string& name, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"issue", folder(), name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(std::move(arguments));
  }
  [[nodiscard]] std::string folder() const { return path("certificates"); }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (scratch_.path() / name).string();
  }

 private:
  test::Scratch scratch_;
};

nlohmann::json json_of(const Ended& ended) {
  CAPTURE(ended.err);
  REQUIRE(ended.code == 0);
  return nlohmann::json::parse(ended.out);
}

TEST_CASE("A consortium gets its certificates, renews and revokes them", "[program]") {
  const Desk desk;
  const auto centre = json_of(
      desk.issue("centre", {"--central", "--host", "gan.example.org", "--host", "::1", "--json"}));
  CHECK(centre.at("role") == "central");
  CHECK(centre.at("hosts") == nlohmann::json{"centre", "gan.example.org", "::1"});
  CHECK(centre.at("folder") == desk.folder() + "/centre");
  const Ended quiet = desk.issue("north", {"--site", "--quiet"});
  CHECK(quiet.code == 0);
  CHECK(quiet.out.empty());
  CHECK(quiet.err.empty());
  for (const std::string name : {"centre", "north"}) {
    const Ended shown = desk.run({"show", desk.folder() + "/" + name});
    CHECK(shown.code == 0);
    CHECK_THAT(shown.out, Contains(" of Head study") && Contains(" days left"));
    CHECK_THAT(shown.err, Contains("all in place"));
  }

  // A renewal takes role and hosts from the last one, unless told otherwise.
  const auto renewed = json_of(desk.issue("centre", {"--renew", "--days", "5", "--json"}));
  CHECK(renewed.at("role") == "central");
  CHECK(renewed.at("hosts") == centre.at("hosts"));
  CHECK(renewed.at("serial") != centre.at("serial"));
  const auto shown = json_of(desk.run({"show", desk.folder() + "/centre", "--json"}));
  CHECK(shown.at("serial") == renewed.at("serial"));
  const int days_left = shown.at("days_left").get<int>();  // 4 and some hours, or 5 at once
  CHECK((days_left == 4 || days_left == 5));
  CHECK_FALSE(shown.contains("problem"));

  const std::string serial = centre.at("serial").get<std::string>();
  CHECK(json_of(desk.run({"revoke", desk.folder(), serial, "--json"})).size() == 1);
  const Ended revoked = desk.run({"revoke", desk.folder(), "north"});
  CHECK(revoked.code == 0);
  CHECK_THAT(revoked.err, Contains("north, serial ") && Contains("carry to the centre"));
  const auto ledger = json_of(desk.run({"list", desk.folder(), "--json"}));
  REQUIRE(ledger.size() == 3);
  CHECK(ledger[0].at("state") == "revoked");
  CHECK(ledger[1].at("state") == "revoked");
  CHECK(ledger[2].at("state") == "valid");
  for (const std::string verb : {"list", "show"}) {
    const std::string of = verb == "list" ? desk.folder() : desk.folder() + "/centre";
    CHECK(desk.run({verb, of, "--quiet"}).out.empty());
  }
  CHECK_THAT(desk.run({"list", desk.folder()}).out,
             Contains("revoked       site    north") && Contains(serial));

  // The participant's own list tells once the new one was carried there.
  fs::copy_file(desk.folder() + "/authority/revoked.pem", desk.folder() + "/north/revoked.pem",
                fs::copy_options::overwrite_existing);
  const Ended out = desk.run({"show", desk.folder() + "/north"});
  CHECK(out.code == 1);
  CHECK_THAT(out.err, Contains("/north/certificate.pem' (north) was revoked on 20"));
}

TEST_CASE("Certificates name the address of the list of revoked ones where they are to",
          "[program]") {
  const Desk desk;
  const std::string address = "http://gan.example.org:8080/lists/revoked.crl?of=head";
  const std::string other = desk.path("other");
  REQUIRE(
      desk.run({"init", other, "--consortium", "Head study", "--revocations-at", address}).code ==
      0);
  REQUIRE(desk.run({"issue", other, "north", "--site"}).code == 0);
  const auto shown = json_of(desk.run({"show", other + "/north", "--json"}));  // in order, by it
  CHECK(shown.at("revocations_at") == address);
  CHECK_THAT(desk.run({"show", other + "/north"}).out, Contains("  revoked  " + address));
  REQUIRE(desk.issue("north", {"--site"}).code == 0);
  CHECK(json_of(desk.run({"show", desk.folder() + "/north", "--json"})).at("revocations_at") == "");
  for (const std::string wrong : {"gan.example.org", "ftp://a/b", "http://", "http://a/b,URI:c"}) {
    const Ended refused =
        desk.run({"init", desk.path("new"), "--consortium", "x", "--revocations-at", wrong});
    CHECK(refused.code == 2);
    CHECK_THAT(refused.err, Contains("expected a URL such as http://"));
  }
}

TEST_CASE("A site asks with a request, and its key stays", "[program]") {
  const Desk desk;
  const auto asked = json_of(desk.run({"request", "south", "--out", desk.path("site"), "--json"}));
  const std::string own = desk.path("site") + "/south";
  CHECK(asked.at("folder") == own);
  struct stat status {};
  REQUIRE(::stat((own + "/key.pem").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777u) == 0600);
  const auto shown = json_of(desk.run({"show", own + "/request.pem", "--json"}));
  CHECK(shown.at("key") == asked.at("key"));
  CHECK(shown.at("name") == "south");

  const Ended mistaken = desk.run({"sign", desk.folder(), own + "/request.pem", "north", "--site"});
  CHECK(mistaken.code == 1);
  CHECK_THAT(mistaken.err, Contains("is for the name \"south\", expected \"north\""));
  const auto made = json_of(desk.run({"sign", desk.folder(), own + "/request.pem", "south",
                                      "--site", "--out", desk.path("back"), "--json"}));
  CHECK(made.at("key") == asked.at("key"));
  CHECK_FALSE(fs::exists(desk.path("back") + "/south/key.pem"));
  fs::copy(desk.path("back") + "/south", own, fs::copy_options::recursive);
  CHECK(desk.run({"show", own}).code == 0);
}

TEST_CASE("Wrong use of provision ends with 2, what the authority refuses with 1", "[program]") {
  const Desk desk;
  const auto told = [&](const std::vector<std::string>& arguments, int code) {
    const Ended ended = desk.run(arguments);
    CHECK(ended.code == code);
    return ended.err;
  };
  const std::string folder = desk.folder();
  CHECK_THAT(told({}, 2), Contains("subcommand is required"));
  CHECK_THAT(told({"issue", folder, "north"}, 2), Contains("--site or --central"));
  CHECK_THAT(told({"issue", folder, "north", "--site", "--central"}, 2), Contains("excludes"));
  for (const std::string name : {"../x", "a/b", "..", "authority", "a b"}) {
    told({"issue", folder, name, "--site"}, 2);
    told({"request", name, "--out", desk.path("x")}, 2);
  }
  told({"issue", folder, "north", "--site", "--days", "0"}, 2);
  CHECK_THAT(told({"issue", folder, "c", "--central", "--host", "a,DNS:b"}, 2),
             Contains("expected a DNS name such as gan.example.org or an IP address"));
  CHECK_FALSE(fs::exists(desk.path("x")));
  CHECK(contents(folder + "/authority/issued.jsonl").empty());

  CHECK_THAT(told({"init", folder, "--consortium", "Again"}, 1), Contains("exists already"));
  CHECK_THAT(told({"list", desk.path("none")}, 1), Contains("'asyndgan provision init "));
  CHECK_THAT(told({"issue", folder, "north", "--renew"}, 1),
             Contains("\"north\" has no certificate to renew"));
  CHECK_THAT(told({"revoke", folder, "north"}, 1), Contains("no certificate has the name"));
  CHECK_THAT(told({"show", desk.path("none.pem")}, 1), Contains("No such file"));
  CHECK_THAT(told({"show", folder + "/authority/key.pem"}, 1),
             Contains("holds a 'PRIVATE KEY', expected a 'CERTIFICATE'"));
  CHECK_THAT(told({"issue", folder, "long", "--site", "--days", "3650"}, 0),
             Contains("long: site"));
}

TEST_CASE("A full disk costs the authority no certificate that it has issued", "[program]") {
  const Desk desk;
  REQUIRE(desk.issue("north", {"--site"}).code == 0);
  const std::string before = contents(desk.folder() + "/authority/issued.jsonl");
  const Ended full =
      desk.run({"issue", desk.folder(), "south", "--site"}, {.largest_file = before.size()});
  CHECK(full.code == 1);
  CHECK_THAT(full.err, Contains("issued.jsonl") && Contains("File too large"));
  CHECK(contents(desk.folder() + "/authority/issued.jsonl") == before);
  CHECK_FALSE(fs::exists(desk.folder() + "/south"));
  CHECK(desk.issue("south", {"--site"}).code == 0);
}

}  // namespace
}  // namespace asyndgan::program
