// SPDX-License-Identifier: Apache-2.0
#include "net/tls_context.hpp"

#include <sys/stat.h>

#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/log.hpp"
#include "net/certificate_pem.hpp"

namespace asyndgan::transport::net {
namespace {

// AES-GCM with 128 bits is the fastest where the processor has it, the last where it has not.
constexpr const char* kCiphers =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr std::size_t kReadBuffer = 1 << 16;  // four records a system call

void set_policy(SSL_CTX& context) {
  SSL_CTX_set_min_proto_version(&context, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(&context, TLS1_3_VERSION);
  SSL_CTX_set_security_level(&context, kSecurityLevel);
  SSL_CTX_set_ciphersuites(&context, kCiphers);
  SSL_CTX_set_options(&context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE |
                                    SSL_OP_IGNORE_UNEXPECTED_EOF);  // our lengths tell
  SSL_CTX_set_num_tickets(&context, 0);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS |  // an idle site holds none
                                 SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(&context, 1);
  SSL_CTX_set_default_read_buffer_len(&context, kReadBuffer);
}

ContextHandle load_own(const Tls::Files& files) {
  const OwnCertificate own = read_own(files.certificate, files.key);
  ContextHandle context(require(SSL_CTX_new(TLS_method()), "start TLS"));
  set_policy(*context);
  require(SSL_CTX_use_certificate(context.get(), own.certificate.get()), "use the certificate");
  require(SSL_CTX_use_PrivateKey(context.get(), own.key.get()), "use the key");
  return context;
}

Believed load_believed(const Tls::Files& files) {
  return {read_certificate(files.authority),
          files.revoked.empty() ? nullptr : read_revocations(files.revoked)};
}

}  // namespace

Credentials::Credentials(Tls::Files files, Role own)
    : files_(std::move(files)),
      seen_(look()),
      context_(load_own(files_)),
      believed_(load_believed(files_)) {
  X509& certificate = *SSL_CTX_get0_certificate(context_.get());
  const auto refused =
      why_refused(certificate, *believed_.authority, believed_.revoked.get(), own, utc_now());
  if (refused) {
    throw CertificateError("'" + files_.certificate.string() + "': " + title_of(certificate) + " " +
                           refused->why);
  }
}

bool Credentials::refresh() {
  auto now = look();
  if (now == seen_) return false;
  seen_ = std::move(now);  // before reading: what changes meanwhile is read again
  (void)replace(context_, load_own, complaint_of_own_);
  return replace(believed_, load_believed, complaint_of_believed_);
}

template <class Read, class Value>
bool Credentials::replace(Value& value, const Read& read, std::string& complaint) {
  try {
    value = read(files_);
    complaint.clear();
    return true;
  } catch (const Error& error) {
    if (std::exchange(complaint, error.what()) != error.what()) {
      log(LogLevel::warning, "going on with what was read before: " + complaint);
    }
    return false;
  }
}

std::vector<Credentials::Stamp> Credentials::look() const {
  std::vector<Stamp> stamps;
  for (const auto& path : {files_.authority, files_.certificate, files_.key, files_.revoked}) {
    struct stat status {};
    Stamp& stamp = stamps.emplace_back();
    if (path.empty() || ::stat(path.c_str(), &status) != 0) continue;
    stamp = {.inode = status.st_ino,
             .size = status.st_size,
             .seconds = status.st_mtim.tv_sec,
             .nanoseconds = status.st_mtim.tv_nsec};
  }
  return stamps;
}

}  // namespace asyndgan::transport::net
