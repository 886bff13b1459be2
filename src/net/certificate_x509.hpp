// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/certificates.hpp"

/// What the files of this folder share of OpenSSL: owners of its objects, and its errors.
namespace asyndgan::transport {

template <auto free_object>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free_object(object);
  }
};
using BioHandle = std::unique_ptr<BIO, Freed<BIO_free>>;
using NumberHandle = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, Freed<X509_free>>;
using RequestHandle = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;
using RevocationsHandle = std::unique_ptr<X509_CRL, Freed<X509_CRL_free>>;

/// 112 bits: RSA from 2048, curves from 224. Of certificates and of connections.
inline constexpr int kSecurityLevel = 2;

/// The oldest error in OpenSSL's queue of this thread, which is emptied.
[[nodiscard]] std::string openssl_reason();

/// Throws CertificateError unless an OpenSSL call succeeded: "cannot <what>: <its reason>".
void require(int succeeded, const char* what);

template <class T>
[[nodiscard]] T* require(T* made, const char* what) {
  require(made != nullptr ? 1 : 0, what);
  return made;
}

/// Common name, "CN"; nothing if there is none, or several, or one with control characters.
[[nodiscard]] std::optional<std::string> common_name(const X509_NAME& name);

[[nodiscard]] std::string serial_text(const ASN1_INTEGER& serial);
[[nodiscard]] UtcTime time_of(const ASN1_TIME& time);
[[nodiscard]] std::string key_fingerprint(EVP_PKEY& key);

/// ECDSA over P-256.
[[nodiscard]] KeyHandle make_key();
[[nodiscard]] bool is_p256(EVP_PKEY& key);

[[nodiscard]] Certificate describe(X509& certificate);

/// "the certificate of 'south'", for messages.
[[nodiscard]] std::string title_of(const X509& certificate);

struct Refusal {
  int code = 0;     // X509_V_ERR_...
  std::string why;  // in plain words, behind the certificate's title
};

/// The public why_refused(), of objects. `revoked` may be null.
[[nodiscard]] std::optional<Refusal> why_refused(X509& certificate, X509& authority,
                                                 X509_CRL* revoked, Role role, UtcTime at);

}  // namespace asyndgan::transport
