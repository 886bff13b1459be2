// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "asyndgan/transport/tls.hpp"
#include "net/certificate_x509.hpp"

namespace asyndgan::transport::net {

using ContextHandle = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;

/// By what the certificates of others are judged.
struct Believed {
  X509Handle authority;
  RevocationsHandle revoked;  // null where nobody is judged by a list
};

/// What an endpoint's files hold. What cannot be used of a change is left out and logged, once:
/// a key whose certificate has yet to come, for instance. What was read before then stays.
class Credentials {
 public:
  /// `own`   what the own certificate must be that of.
  /// Errors  as in transport/certificates.hpp; CertificateError too if the own certificate does
  ///         not count now, as nobody would take it.
  Credentials(Tls::Files files, Role own);

  /// Reads anew what has changed since; true if others are judged by something new.
  [[nodiscard]] bool refresh();

  /// Ready for handshakes; it judges nobody.
  [[nodiscard]] SSL_CTX& context() const { return *context_; }
  [[nodiscard]] const Believed& believed() const { return believed_; }

 private:
  // Of a file: equal as long as it was neither replaced nor written to.
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t size = -1;  // no file
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  [[nodiscard]] std::vector<Stamp> look() const;
  template <class Read, class Value>
  bool replace(Value& value, const Read& read, std::string& complaint);

  Tls::Files files_;
  std::vector<Stamp> seen_;
  ContextHandle context_;
  Believed believed_;
  std::string complaint_of_own_;
  std::string complaint_of_believed_;
};

}  // namespace asyndgan::transport::net
