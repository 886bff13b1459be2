// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/tls.hpp"

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "conformance/network.hpp"
#include "conformance/transport.hpp"
#include "support/catch.hpp"
#include "support/kept_log.hpp"
#include "support/proxy.hpp"
#include "support/raw_socket.hpp"
#include "support/tls_consortium.hpp"

namespace asyndgan::transport {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using test::brisk;
using test::KeptLog;
using test::numbered;
using test::RawSocket;
using test::TlsConsortium;

struct TlsNet {
  Tls listen(std::vector<std::string> sites, const NetworkOptions& options,
             const std::string& address = "127.0.0.1") {
    return Tls::listen({.address = address,
                        .sites = std::move(sites),
                        .files = consortium.centre(),
                        .network = options});
  }
  Tls connect(const std::string& name, std::uint16_t port, const NetworkOptions& options,
              const std::string& host = "127.0.0.1") {
    return connect(consortium.site(name), port, options, host);
  }
  static Tls connect(const Tls::Files& files, std::uint16_t port,
                     const NetworkOptions& options = brisk(),
                     const std::string& host = "127.0.0.1") {
    return Tls::connect({.host = host, .port = port, .files = files, .network = options});
  }
  TlsConsortium consortium;
};
// A site's side of the handshake has about 1,100 bytes.
ASYNDGAN_NETWORK_CONFORMANCE(TlsNet, "[net]", 1300, 31)

struct TlsFactory {
  explicit TlsFactory(int sites) {
    for (int i = 1; i <= sites; ++i) names.push_back("site-" + std::to_string(i));
  }
  Tls join(Peer rank) {
    if (rank == kCentral) {
      auto central = net.listen(names, {});
      port = central.port();
      return central;
    }
    return net.connect(names[static_cast<std::size_t>(rank - 1)], port, {});
  }
  TlsNet net;
  std::vector<std::string> names;
  std::uint16_t port = 0;
};
ASYNDGAN_TRANSPORT_CONFORMANCE(TlsFactory, "[net]")

/// A client of OpenSSL alone, for what Tls::connect() would not do.
struct RawTls {
  RawTls(std::uint16_t port, const Tls::Files& files, int version)
      : context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free), socket(RawSocket::connect(port)) {
    SSL_CTX_set_max_proto_version(context.get(), version);
    if (!files.certificate.empty()) {
      SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str());
      SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM);
    }
    ssl.reset(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), socket.handle());
  }
  /// What the centre sends of our protocol after this client's greeting.
  std::string answer() {
    if (SSL_connect(ssl.get()) != 1) return {};
    SSL_write(ssl.get(), "ADGT\x01\0\0\0\0\0\0\0", 12);
    char bytes[64];
    const int count = SSL_read(ssl.get(), bytes, sizeof bytes);
    return {bytes, static_cast<std::size_t>(std::max(count, 0))};
  }
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context;
  RawSocket socket;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl{nullptr, &SSL_free};
};

TEST_CASE("Who has no valid certificate gets no byte of ours, and is told why", "[net]") {
  TlsNet net;
  TlsConsortium strangers;
  auto central = net.listen({"north"}, brisk());
  const auto good = net.consortium.site("north");
  const KeptLog log;

  auto unknown = strangers.site("north");
  unknown.authority = good.authority;
  unknown.revoked.clear();
  CHECK(RawTls(central.port(), unknown, TLS1_3_VERSION).answer().empty());
  CHECK(log.soon_has("the certificate of 'north' was signed by another authority (CN=authority,"));
  CHECK(RawTls(central.port(), good, TLS1_3_VERSION).answer().size() == 12);
  CHECK(RawTls(central.port(), good, TLS1_2_VERSION).answer().empty());
  CHECK(log.soon_has("it does not speak TLS 1.3"));
  CHECK(RawTls(central.port(), {}, TLS1_3_VERSION).answer().empty());  // none at all
  CHECK(log.soon_has("peer did not return a certificate"));

  const auto expired = net.consortium.site("north", utc_now() - days(31));
  (void)net.consortium.centre();  // brings a list of today
  CHECK(RawTls(central.port(), expired, TLS1_3_VERSION).answer().empty());
  CHECK(log.soon_has("the certificate of 'north' expired on 20"));
  const auto early = net.consortium.site("north", utc_now() + 2h);
  (void)net.consortium.centre();
  CHECK(RawTls(central.port(), early, TLS1_3_VERSION).answer().empty());
  CHECK(log.soon_has("the certificate of 'north' is not valid before 20"));
  // A centre is no site, whatever its name.
  CHECK(RawTls(central.port(), net.consortium.centre("other"), TLS1_3_VERSION).answer().empty());
  CHECK(log.soon_has("the certificate of 'other' is that of the centre, expected that of a site"));

  {
    const auto plain = RawSocket::connect(central.port());
    plain.write("ADGT, and so on, in plain text");
    CHECK(plain.read(5s).bytes.find("ADGT") == std::string::npos);
  }
  CHECK(log.soon_has("it does not speak TLS\n"));
}

TEST_CASE("A site is told why its certificate is refused", "[net]") {
  TlsNet net;
  auto files = net.consortium.site("north");
  auto central = net.listen({"north"}, brisk());
  net.consortium.revoke("north");
  files.revoked.clear();  // it does not know yet
  CHECK_THROWS_WITH(TlsNet::connect(files, central.port()),
                    Catch::EndsWith("it refuses our certificate, which is revoked"));
}

TEST_CASE("A site speaks with its own centre only", "[net]") {
  TlsNet net;
  TlsConsortium strangers;
  auto other = Tls::listen({.address = "127.0.0.1",
                            .sites = {"north"},
                            .files = net.consortium.centre("elsewhere"),
                            .network = brisk()});
  CHECK_THROWS_WITH(net.connect("north", other.port(), brisk()),
                    Catch::EndsWith("it is not 'central': it shows the certificate of "
                                    "'elsewhere'"));
  for (const std::string centre : {"elsewhere", "elsewhere.example"}) {
    auto named = Tls::connect({.host = "127.0.0.1",
                               .port = other.port(),
                               .files = net.consortium.site("north"),
                               .centre = centre,
                               .network = brisk()});
    CHECK(named.rank() == 1);
  }
  auto false_centre = Tls::listen({.address = "127.0.0.1",
                                   .sites = {"north"},
                                   .files = strangers.centre(),
                                   .network = brisk()});
  CHECK_THROWS_WITH(net.connect("north", false_centre.port(), brisk()),
                    Catch::Contains("the certificate of 'central' was signed by another "
                                    "authority"));
  // A site that listens under the centre's name.
  CHECK_THROWS_WITH(Tls::listen({.sites = {"north"}, .files = net.consortium.site("false")}),
                    Catch::EndsWith("is that of a site, expected that of the centre"));
}

TEST_CASE("A revoked certificate is refused, and ends the connection it has", "[net]") {
  TlsNet net;
  const auto options = brisk(100ms);
  auto central = net.listen({"north", "south"}, options);
  auto north = net.connect("north", central.port(), options);
  auto south = net.connect("south", central.port(), options);
  net.consortium.revoke("north");
  CHECK_THROWS_WITH(central.receive(1, 10s),
                    Catch::Contains("the certificate of 'north' was revoked on 20"));
  CHECK_THROWS_AS(north.receive(0, 10s), TransportError);
  south.send(0, numbered(2, 0));
  CHECK(central.receive(2, 5s) == numbered(2, 0));
  CHECK(net.connect("north", central.port(), options).rank() == 1);  // with a new one
}

TEST_CASE("A certificate that expires ends its connection, and its successor makes the next one",
          "[net]") {
  const auto soon_over = utc_now() - days(30) + 2s;
  const auto options = brisk(100ms);
  TlsNet net;
  auto central = net.listen({"north", "south"}, options);
  auto south = net.connect("south", central.port(), options);
  const auto brief = net.consortium.site("north", soon_over);
  (void)net.consortium.centre();  // brings a list of today
  auto north = TlsNet::connect(brief, central.port(), options);
  north.send(0, numbered(1, 0));
  CHECK(central.receive(1, 5s) == numbered(1, 0));
  CHECK_THROWS_WITH(central.receive(1, 10s),
                    Catch::Contains("the certificate of 'north' expired on 20"));
  CHECK_THROWS_AS(north.receive(0, 10s), TransportError);
  south.send(0, numbered(2, 0));
  CHECK(central.receive(2, 5s) == numbered(2, 0));
  CHECK(net.connect("north", central.port(), options).rank() == 1);
}

TEST_CASE("A centre whose certificate expires is left", "[net]") {
  const auto options = brisk(100ms);
  TlsNet net;
  const auto brief = net.consortium.centre("central", utc_now() - days(30) + 2s);
  auto north_files = net.consortium.site("north");  // brings a list of today
  auto central =
      Tls::listen({.address = "127.0.0.1", .sites = {"north"}, .files = brief, .network = options});
  auto north = TlsNet::connect(north_files, central.port(), options);
  CHECK_THROWS_WITH(north.receive(0, 10s),
                    Catch::Contains("the certificate of 'central' expired on 20"));
  (void)net.consortium.centre();  // in place of the old
  CHECK(TlsNet::connect(north_files, central.port(), options).rank() == 1);
}

TEST_CASE("Certificates are replaced without a restart", "[net]") {
  TlsNet net;
  auto central = net.listen({"north"}, brisk());
  auto north = net.connect("north", central.port(), brisk());
  net.consortium.revoke("central");
  CHECK_THROWS_WITH(net.connect("north", central.port(), brisk()),
                    Catch::Contains("the certificate of 'central' was revoked on 20"));
  (void)net.consortium.centre();  // in place of the old
  north = net.connect("north", central.port(), brisk());
  north.send(0, numbered(1, 0));
  CHECK(central.receive_any(5s).gone());
  CHECK(central.receive_any(5s).message == numbered(1, 0));
}

TEST_CASE("A key whose certificate has yet to come leaves the pair of before, told once", "[net]") {
  TlsNet net;
  auto central = net.listen({"north", "south"}, brisk());
  const auto folder = net.consortium.folder() / "central";
  const auto old_certificate = net.consortium.folder() / "old.pem";
  std::filesystem::copy_file(folder / "certificate.pem", old_certificate);
  const KeptLog log;
  (void)net.consortium.centre();
  std::filesystem::rename(folder / "certificate.pem", net.consortium.folder() / "new.pem");
  std::filesystem::rename(old_certificate, folder / "certificate.pem");
  auto north = net.connect("north", central.port(), brisk());
  const std::string told = "key.pem' is not the key of '";
  CHECK(log.soon_has("going on with what was read before: '"));
  CHECK(log.soon_has(told));

  // A list that comes meanwhile counts all the same.
  net.consortium.revoke("north");
  CHECK_THROWS_WITH(central.receive(1, 10s), Catch::Contains("was revoked on 20"));
  auto south = net.connect("south", central.port(), brisk());
  CHECK(log.text().find(told) == log.text().rfind(told));
  const auto last = log.text().size();

  net.consortium.revoke("central");  // the old one and the new: only a third counts
  (void)net.consortium.centre();
  south = net.connect("south", central.port(), brisk());
  CHECK(log.text().find("going on", last) == std::string::npos);
}

TEST_CASE("A byte that was changed on the way ends the connection", "[net]") {
  TlsNet net;
  auto central = net.listen({"north"}, brisk());
  test::Proxy proxy(central.port());
  proxy.spoil_at = 100'000;
  auto north = net.connect("north", proxy.port(), brisk());
  try {
    for (std::uint32_t i = 0; i < 3; ++i) north.send(0, numbered(1, i, 60'000));
  } catch (const TransportError&) {
  }
  CHECK(central.receive(1, 5s) == numbered(1, 0, 60'000));
  CHECK_THROWS_WITH(central.receive(1, 5s), Catch::Contains("TLS: "));
}

TEST_CASE("Files that cannot be used are named", "[net]") {
  TlsConsortium consortium;
  const auto good = consortium.site("north");
  const auto refuses = [&](const Tls::Files& files, const std::string& part) {
    CHECK_THROWS_WITH(TlsNet::connect(files, 1), Catch::Contains(part));
  };
  for (const auto member :
       {&Tls::Files::authority, &Tls::Files::certificate, &Tls::Files::key, &Tls::Files::revoked}) {
    auto files = good;
    files.*member = consortium.folder() / "missing.pem";
    CHECK_THROWS_AS(TlsNet::connect(files, 1), DataError);
    refuses(files, "missing.pem'");
  }
  auto mixed = good;
  mixed.key = consortium.site("south").key;
  CHECK_THROWS_AS(TlsNet::connect(mixed, 1), CertificateError);
  refuses(mixed, "is not the key of");
  const auto expired = consortium.site("east", utc_now() - days(31));
  (void)consortium.site("south");  // brings a list of today
  refuses(expired, "the certificate of 'east' expired on 20");
  refuses(consortium.centre(), "is that of the centre, expected that of a site");
  std::filesystem::permissions(good.key, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  refuses(good, "every user of this machine may read the key");
}

}  // namespace
}  // namespace asyndgan::transport
