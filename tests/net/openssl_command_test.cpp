// SPDX-License-Identifier: Apache-2.0
//
// The openssl command as an oracle that shares none of this library's code: what it says of the
// certificates, the list and the requests made here.

#include <string>

#include "asyndgan/transport/authority.hpp"
#include "consortium.hpp"
#include "support/catch.hpp"
#include "support/command.hpp"

namespace asyndgan::transport {
namespace {

using Catch::Contains;
using namespace test;  // NOLINT: the fixture of this folder

asyndgan::test::Said openssl(const std::string& arguments) {
  return asyndgan::test::run_command("openssl " + arguments);
}

/// Says so and ends the test early where there is no such command.
#define REQUIRE_OPENSSL_COMMAND()                          \
  if (openssl("version").code != 0) {                      \
    WARN("skipped: the openssl command is not installed"); \
    return;                                                \
  }

std::string at(UtcTime time) {
  return " -attime " + std::to_string(time.time_since_epoch().count());
}

TEST_CASE("The openssl command accepts and refuses the same certificates", "[net]") {
  REQUIRE_OPENSSL_COMMAND();
  Consortium consortium;
  consortium.issue({.name = "centre", .role = Role::central, .hosts = {"gan.example.org"}});
  const auto north = consortium.issue({.name = "north"});
  consortium.issue({.name = "south"});
  consortium.authority.revoke("south", kNoon);
  Consortium theirs;
  theirs.issue({.name = "north"});

  const std::string judge = "verify -x509_strict -crl_check -CAfile " +
                            consortium.trust().authority.string() + " -CRLfile " +
                            consortium.trust().revoked.string();
  const auto north_file = " " + consortium.file("north", "certificate.pem").string();
  const auto centre_file = " " + consortium.file("centre", "certificate.pem").string();

  CHECK(openssl(judge + at(kNoon) + " -purpose sslclient" + north_file).code == 0);
  CHECK(openssl(judge + at(kNoon) + " -purpose sslserver -verify_hostname gan.example.org" +
                centre_file)
            .code == 0);
  CHECK(openssl(judge + at(kNoon) + " -purpose sslserver -verify_hostname centre" + centre_file)
            .code == 0);
  CHECK_THAT(openssl(judge + at(kNoon) + " -verify_hostname evil.example.org" + centre_file).text,
             Contains("hostname mismatch"));
  CHECK_THAT(openssl(judge + at(kNoon) + " -purpose sslserver" + north_file).text,
             Contains("unsuitable certificate purpose") || Contains("unsupported certificate "
                                                                    "purpose"));
  CHECK_THAT(openssl(judge + at(kNoon) + " -purpose sslclient" + centre_file).text,
             Contains("certificate purpose"));
  CHECK_THAT(openssl(judge + at(kNoon + days(31)) + north_file).text,
             Contains("certificate has expired"));
  CHECK_THAT(openssl(judge + at(kNoon - days(1)) + north_file).text, Contains("not yet valid"));
  CHECK_THAT(
      openssl(judge + at(kNoon) + " " + consortium.file("south", "certificate.pem").string()).text,
      Contains("certificate revoked"));
  CHECK(openssl(judge + at(kNoon) + " " + theirs.file("north", "certificate.pem").string()).code !=
        0);
  CHECK_THAT(openssl(judge + at(kNoon + days(91)) + north_file).text, Contains("CRL has expired"));

  // Nobody below the authority may sign.
  CHECK_THAT(openssl("x509 -noout -text -in" + north_file).text,
             Contains("X509v3 Basic Constraints: critical\n                CA:FALSE") &&
                 Contains("X509v3 Key Usage: critical\n                Digital Signature\n") &&
                 Contains("ecdsa-with-SHA256") && Contains("ASN1 OID: prime256v1"));
  CHECK_THAT(
      openssl("x509 -noout -text -in " + consortium.trust().authority.string()).text,
      Contains("X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0") &&
          Contains("X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n"));
}

TEST_CASE("The openssl command reads the same names, serials, times and keys", "[net]") {
  REQUIRE_OPENSSL_COMMAND();
  Consortium consortium(utc_now());
  const auto north = consortium.issue({.name = "north", .lifetime = days(10)}, utc_now());
  const std::string file = consortium.file("north", "certificate.pem").string();
  CHECK(openssl("x509 -noout -subject -nameopt RFC2253 -in " + file).text ==
        "subject=CN=north,O=Head consortium\n");
  CHECK(openssl("x509 -noout -checkend 863000 -in " + file).code == 0);  // 10 days have 864,000 s
  CHECK(openssl("x509 -noout -checkend 865000 -in " + file).code == 1);
  std::string serial;
  for (const char c : openssl("x509 -noout -serial -in " + file).text) {
    serial += static_cast<char>(std::tolower(c));
  }
  CHECK(serial == "serial=" + north.serial + "\n");
  CHECK_THAT(openssl("x509 -noout -pubkey -in " + file +
                     " | openssl pkey -pubin -outform DER | openssl sha256")
                 .text,
             Contains(north.key));
  CHECK(openssl("pkey -check -noout -in " + consortium.file("north", "key.pem").string()).code ==
        0);

  consortium.authority.revoke("north", utc_now());
  const std::string list = consortium.trust().revoked.string();
  CHECK_THAT(
      openssl("crl -noout -CAfile " + consortium.trust().authority.string() + " -in " + list).text,
      Contains("verify OK"));
  const std::string told = openssl("crl -noout -text -in " + list).text;
  CHECK_THAT(told, Contains("X509v3 CRL Number: \n                3\n"));  // made, issued, revoked
  serial.erase(0, 7);
  std::string upper;
  for (const char c : north.serial) upper += static_cast<char>(std::toupper(c));
  CHECK_THAT(told, Contains("Serial Number: " + upper));
}

TEST_CASE("Requests of the openssl command are signed if they are what is expected", "[net]") {
  REQUIRE_OPENSSL_COMMAND();
  Consortium consortium;
  const auto ask = [&](const std::string& kind, const std::string& subject) {
    const auto request = consortium.folder / "request.pem";
    const auto key = consortium.folder / "their-key.pem";
    const auto said = openssl("req -new -nodes " + kind + " -subj '" + subject + "' -keyout " +
                              key.string() + " -out " + request.string());
    REQUIRE(said.code == 0);
    return refusal([&] {
      return consortium.authority.sign(request, {.name = "north"}, consortium.folder / "north",
                                       kNoon);
    });
  };
  const std::string p256 = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
  CHECK_THAT(ask("-newkey rsa:2048", "/CN=north"),
             Contains("another kind of key, expected one on P-256"));
  CHECK_THAT(ask("-newkey ec -pkeyopt ec_paramgen_curve:P-384", "/CN=north"),
             Contains("another kind of key, expected one on P-256"));
  CHECK_THAT(ask(p256, "/O=nobody"), Contains("has no name, expected one CN"));
  CHECK_THAT(ask(p256, "/CN=north/CN=south"), Contains("has no name, expected one CN"));
  CHECK_THAT(ask(p256, "/CN=south"), Contains("is for the name \"south\", expected \"north\""));
  // What else it asks for counts for nothing.
  CHECK(ask(p256 + " -addext basicConstraints=critical,CA:TRUE "
                   "-addext subjectAltName=DNS:centre -addext extendedKeyUsage=serverAuth",
            "/O=Others/CN=north") == "accepted");
  const Certificate made = describe_certificate(consortium.file("north", "certificate.pem"));
  CHECK(made.role == Role::site);
  CHECK(made.hosts.empty());
  CHECK(made.consortium == "Head consortium");
}

TEST_CASE("A certificate for a key that is too weak does not count", "[net]") {
  REQUIRE_OPENSSL_COMMAND();
  const Consortium consortium(utc_now());
  std::ofstream(consortium.folder / "extensions")
      << "extendedKeyUsage=clientAuth\nkeyUsage=critical,digitalSignature\n"
         "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
  const std::string folder = consortium.folder.path().string();
  const auto judged = [&](const std::string& kind) {
    REQUIRE(openssl("req -new -nodes -newkey " + kind + " -subj /CN=theirs -keyout " + folder +
                    "/key.pem -out " + folder + "/request.pem")
                .code == 0);
    REQUIRE(openssl("x509 -req -days 1 -in " + folder + "/request.pem -extfile " + folder +
                    "/extensions -out " + folder + "/certificate.pem -CAcreateserial -CA " +
                    folder + "/authority/certificate.pem -CAkey " + folder + "/authority/key.pem")
                .code == 0);
    return consortium.judged("", utc_now());
  };
  CHECK(judged("rsa:2048") == "counts");
  CHECK(judged("rsa:1024") == "does not count: EE certificate key too weak");
}

}  // namespace
}  // namespace asyndgan::transport
