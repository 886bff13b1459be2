// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "net/certificate_x509.hpp"

/// PEM files: text around base64, one object a file here.
namespace asyndgan::transport {

// Errors  DataError for a file that cannot be read, CertificateError for one that is damaged or
//         holds something else.
[[nodiscard]] X509Handle read_certificate(const std::filesystem::path& file);
[[nodiscard]] RequestHandle read_request(const std::filesystem::path& file);
[[nodiscard]] RevocationsHandle read_revocations(const std::filesystem::path& file);
[[nodiscard]] KeyHandle read_key(const std::filesystem::path& file);

/// A certificate with its key.
struct OwnCertificate {
  X509Handle certificate;
  KeyHandle key;
};

/// Errors  CertificateError too for a key of another certificate.
[[nodiscard]] OwnCertificate read_pair(const std::filesystem::path& certificate,
                                       const std::filesystem::path& key);

/// read_pair() of a participant, whose key must not be everybody's to read.
[[nodiscard]] OwnCertificate read_own(const std::filesystem::path& certificate,
                                      const std::filesystem::path& key);

/// The public describe_request(), of a request read from `file`.
[[nodiscard]] CertificateRequest describe(X509_REQ& request, const std::filesystem::path& file);

[[nodiscard]] std::string pem_text(X509& certificate);
[[nodiscard]] std::string pem_text(X509_REQ& request);
[[nodiscard]] std::string pem_text(X509_CRL& revocations);
[[nodiscard]] std::string pem_text(EVP_PKEY& key);  // PKCS #8, not encrypted

}  // namespace asyndgan::transport
