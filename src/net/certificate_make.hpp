// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "asyndgan/transport/authority.hpp"
#include "net/certificate_x509.hpp"

/// What an authority signs. Nothing here touches a file.
namespace asyndgan::transport {

/// The authority's own certificate. Those that it signs have the address of its list from it.
[[nodiscard]] X509Handle make_authority_certificate(EVP_PKEY& key, const std::string& consortium,
                                                    UtcTime now, std::chrono::seconds lifetime,
                                                    const std::string& revocations_at);

/// Who signs, and with what.
struct Signer {
  X509& certificate;
  EVP_PKEY& key;
};

/// A certificate for `key`. Requires an order that the authority has checked.
[[nodiscard]] X509Handle make_certificate(EVP_PKEY& key, const CertificateOrder& order,
                                          const Signer& signer, UtcTime now);

/// The list of those in the ledger that are revoked.
[[nodiscard]] RevocationsHandle make_revocations(const std::vector<IssuedCertificate>& ledger,
                                                 const Signer& signer, UtcTime now);

}  // namespace asyndgan::transport
