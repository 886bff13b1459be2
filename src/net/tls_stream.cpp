// SPDX-License-Identifier: Apache-2.0
#include "net/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/log.hpp"
#include "net/tls_context.hpp"
#include "net/wire.hpp"

namespace asyndgan::transport::net {
namespace {

// What the other end's alert means to the person who reads it.
std::string alert_text(int reason) {
  switch (reason) {
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "it refuses our certificate, which it says expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      return "it refuses our certificate, which is revoked";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "it refuses our certificate, which is not from its authority";
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return "it refuses our certificate, which is that of another role";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      return "it refuses our certificate, as not valid yet by its clock or not the one that it "
             "expects";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return "it refuses our certificate";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
      return "it does not speak TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return "it does not speak TLS 1.3";
    default:
      return {};
  }
}

using SslHandle = std::unique_ptr<SSL, Freed<SSL_free>>;

/// Whom this end speaks with: the centre with sites, a site with a centre of that name.
struct Expected {
  Role role = Role::site;
  std::string centre = {};

  [[nodiscard]] bool is(const Certificate& peer) const {
    return role == Role::site || peer.name == centre ||
           std::find(peer.hosts.begin(), peer.hosts.end(), centre) != peer.hosts.end();
  }
};

class TlsStream : public Stream {
 public:
  TlsStream(const Credentials& credentials, const Expected& expected, int socket)
      : wire_(socket),
        ssl_(SSL_new(&credentials.context())),
        socket_(socket),
        credentials_(credentials),
        expected_(expected) {
    if (!ssl_) throw TransportError("TLS: " + openssl_reason());
    BIO* bio = wire_.bio().release();
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    if (expected.role == Role::site) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
    }
  }

  Progress handshake() override {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return {};
    const Progress progress = after(result);
    if (progress.ended) throw TransportError("it closed the connection in the handshake");
    return progress;
  }

  Progress read_some(std::span<std::byte> bytes) override {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
    return result == 1 ? Progress{.bytes = count} : after(result);
  }

  Progress write_some(std::span<const std::byte> bytes) override {
    if (!wire_.flush()) return {.want = Want::writable};
    ERR_clear_error();
    bytes = bytes.first(std::min(bytes.size(), kGathered));
    wire_.gather(bytes.size());
    Progress progress;
    while (progress.bytes < bytes.size()) {
      std::size_t count = 0;
      const auto left = bytes.subspan(progress.bytes);
      const int result = SSL_write_ex(ssl_.get(), left.data(), left.size(), &count);
      if (result != 1) return after(result);
      progress.bytes += count;
    }
    if (!wire_.flush()) progress.want = Want::writable;
    return progress;
  }

  void finish() override {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_.get()) == 1) (void)SSL_shutdown(ssl_.get());
    (void)::shutdown(socket_, SHUT_WR);
  }

  [[nodiscard]] std::optional<std::string> proved_name() const override { return name_; }

  [[nodiscard]] X509* peer() const { return SSL_get0_peer_certificate(ssl_.get()); }

  /// In place of OpenSSL's own judgement of a peer.
  static int judge(X509_STORE_CTX* store, void* /*unused*/) {
    auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& self = *static_cast<TlsStream*>(SSL_get_app_data(ssl));
    int code = X509_V_ERR_UNSPECIFIED;
    try {
      code = self.judge(*X509_STORE_CTX_get0_cert(store));
    } catch (const std::exception& error) {  // which OpenSSL would not let pass
      self.refusal_ = error.what();
    }
    X509_STORE_CTX_set_error(store, code);
    return code == X509_V_OK ? 1 : 0;
  }

 private:
  int judge(X509& certificate) {
    const Believed& by = credentials_.believed();
    const auto refused =
        why_refused(certificate, *by.authority, by.revoked.get(), expected_.role, utc_now());
    if (refused) {
      refusal_ = title_of(certificate) + " " + refused->why;
      return refused->code;
    }
    const Certificate peer = describe(certificate);
    if (!expected_.is(peer)) {
      refusal_ = "it is not '" + expected_.centre + "': it shows " + title_of(certificate);
      return X509_V_ERR_HOSTNAME_MISMATCH;
    }
    name_ = peer.name;
    return X509_V_OK;
  }

  // What a call that returned `result` needs before it is called again.
  Progress after(int result) {
    const int system = errno;
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {.want = Want::readable};
      case SSL_ERROR_WANT_WRITE:
        return {.want = Want::writable};
      case SSL_ERROR_ZERO_RETURN:
        return {.ended = true};
      case SSL_ERROR_SYSCALL:
        throw TransportError("the connection broke: " + std::generic_category().message(system));
      default:
        break;
    }
    if (!refusal_.empty()) throw TransportError(refusal_);
    const std::string alert = alert_text(ERR_GET_REASON(ERR_peek_error()));
    throw TransportError(alert.empty() ? "TLS: " + openssl_reason() : alert);
  }

  static constexpr std::size_t kGathered = 1 << 17;  // eight records

  Wire wire_;  // outlives its BIO
  SslHandle ssl_;
  int socket_;
  const Credentials& credentials_;
  const Expected& expected_;
  std::string name_;  // once it is proved
  std::string refusal_;
};

class TlsSecurity : public Security {
 public:
  TlsSecurity(const Tls::Files& files, Role own, Expected expected)
      : expected_(std::move(expected)), credentials_(files, own) {}

  [[nodiscard]] bool proves_names() const override { return true; }

  [[nodiscard]] std::unique_ptr<Stream> open(int socket) override {
    reload();
    SSL_CTX_set_cert_verify_callback(&credentials_.context(), &TlsStream::judge, nullptr);
    return std::make_unique<TlsStream>(credentials_, expected_, socket);
  }

  void refresh() override {
    reload();
    list_is_new_ = std::exchange(changed_, false);
  }

  // By a list for the moment that it is from: who is on one that has become too old was revoked
  // all the same.
  [[nodiscard]] std::optional<std::string> objection(const Stream& stream) const override {
    X509& peer = *static_cast<const TlsStream&>(stream).peer();
    const UtcTime until = time_of(*X509_get0_notAfter(&peer));
    if (until <= utc_now()) return title_of(peer) + " expired on " + utc_text(until);
    const Believed& by = credentials_.believed();
    if (!list_is_new_ || by.revoked == nullptr) return std::nullopt;
    const UtcTime at = time_of(*X509_CRL_get0_lastUpdate(by.revoked.get()));
    const auto refused = why_refused(peer, *by.authority, by.revoked.get(), expected_.role, at);
    if (!refused || refused->code != X509_V_ERR_CERT_REVOKED) return std::nullopt;
    return title_of(peer) + " " + refused->why;
  }

 private:
  void reload() { changed_ = credentials_.refresh() || changed_; }

  Expected expected_;
  Credentials credentials_;
  bool changed_ = false;  // what others are judged by, since the last refresh()
  bool list_is_new_ = false;
};

}  // namespace

std::unique_ptr<Security> tls_of_centre(const Tls::Files& files) {
  return std::make_unique<TlsSecurity>(files, Role::central, Expected{});
}

std::unique_ptr<Security> tls_of_site(const Tls::Files& files, std::string centre) {
  if (centre.empty()) throw ContractViolation("Tls: the centre's name is empty");
  return std::make_unique<TlsSecurity>(files, Role::site,
                                       Expected{Role::central, std::move(centre)});
}

Certificate certificate_of(const Stream& stream) {
  return describe(*static_cast<const TlsStream&>(stream).peer());
}

}  // namespace asyndgan::transport::net
