// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>

#include "asyndgan/transport/authority.hpp"
#include "asyndgan/transport/tls.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::test {

/// An authority in a folder of its own, and the files of those that it certifies. All judge by
/// the authority's own list, as if a new one were carried to everybody at once.
class TlsConsortium {
 public:
  /// A certificate for a site, made at `at`, which replaces the one it has.
  transport::Tls::Files site(const std::string& name,
                             transport::UtcTime at = transport::utc_now()) {
    return issue({.name = name, .renew = std::filesystem::exists(folder_ / name)}, at);
  }
  transport::Tls::Files centre(const std::string& name = "central",
                               transport::UtcTime at = transport::utc_now()) {
    return issue({.name = name,
                  .role = transport::Role::central,
                  .hosts = {name + ".example"},
                  .renew = std::filesystem::exists(folder_ / name)},
                 at);
  }

  void revoke(const std::string& name) { authority_.revoke(name, transport::utc_now()); }

  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

 private:
  transport::Tls::Files issue(const transport::CertificateOrder& order, transport::UtcTime at) {
    authority_.issue(order, folder_ / order.name, at);
    return {.authority = folder_ / "authority" / "certificate.pem",
            .certificate = folder_ / order.name / "certificate.pem",
            .key = folder_ / order.name / "key.pem",
            .revoked = folder_ / "authority" / "revoked.pem"};
  }

  TemporaryFolder folder_;
  transport::Authority authority_ = transport::Authority::create(
      folder_ / "authority", "Test consortium", transport::utc_now() - std::chrono::days(60));
};

}  // namespace asyndgan::test
