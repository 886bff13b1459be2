// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "asyndgan/transport/certificates.hpp"

namespace asyndgan::transport {

/// What is wrong with a DNS name or an IP address by which a centre is to be reached.
[[nodiscard]] std::optional<std::string> host_problem(const std::string& host);

/// What is wrong with the address of a list of revoked certificates.
[[nodiscard]] std::optional<std::string> revocations_address_problem(const std::string& address);

/// What a new certificate shall say.
struct CertificateOrder {
  std::string name;
  Role role = Role::site;
  /// Of the centre: the DNS names and IP addresses by which sites reach it. Its name is added.
  std::vector<std::string> hosts = {};
  /// Short, because a stolen key is of use until its certificate expires or every peer has the
  /// list that revokes it.
  std::chrono::seconds lifetime = std::chrono::days(30);
  /// The name has a certificate already. The new one takes its place in the folder, and the old
  /// one counts until it expires.
  bool renew = false;
};

/// One line of the authority's ledger.
struct IssuedCertificate {
  std::string serial;
  std::string name;
  Role role = Role::site;
  std::vector<std::string> hosts;
  UtcTime not_before{};
  UtcTime not_after{};
  std::string key;  // fingerprint of the public key
  std::optional<UtcTime> revoked{};
};

/// When an authority made the certificate, by the authority's clock. Nothing for one that is not
/// an Authority's, which cannot be told.
[[nodiscard]] std::optional<UtcTime> made_at(const Certificate& certificate);

[[nodiscard]] nlohmann::ordered_json to_json(const IssuedCertificate& issued);

/// The certificate authority of a consortium, in a folder:
///
///   certificate.pem   its own certificate, which signed itself
///   key.pem           its private key, mode 0600: who has it can be anybody
///   revoked.pem       the list of revoked certificates, for those who judge
///   issued.jsonl      the ledger: every certificate, one JSON object a line
///
/// A certificate enters the ledger before it exists, so that none is in the world that cannot be
/// revoked; every file is replaced whole. With each new or revoked certificate the list is made
/// anew. It counts for kListLifetime, and whoever judges by an older one refuses everybody.
///
/// Errors   CertificateError for an order that is refused, and as in transport/certificates.hpp.
/// Threads  any, and any process: whoever changes something in the folder locks it.
class Authority {
 public:
  /// Three times the usual lifetime of a certificate, each of which brings a new list.
  static constexpr std::chrono::days kListLifetime{90};

  /// Certificates count from so long before they are made: for clocks that differ by an hour,
  /// the usual mistake, and some minutes.
  static constexpr std::chrono::minutes kClockAllowance{65};

  static constexpr std::chrono::days kLifetime{3653};  // ten years

  /// Makes the folder, which must not exist or be empty. `consortium` has 1 to 64 characters of
  /// UTF-8 and no control characters. `revocations_at` is the URL, if any, at which the list of
  /// revoked certificates is published, for programs of others: it stands in every certificate of
  /// this authority. This library fetches nothing from there.
  static Authority create(const std::filesystem::path& folder, const std::string& consortium,
                          UtcTime now, std::chrono::seconds lifetime = kLifetime,
                          const std::string& revocations_at = {});

  /// Of a folder that create() made. The key is read when something is to be signed.
  explicit Authority(const std::filesystem::path& folder);

  [[nodiscard]] const Certificate& certificate() const { return certificate_; }

  /// The ledger, oldest first.
  [[nodiscard]] std::vector<IssuedCertificate> issued() const;

  /// Makes a key and its certificate, and `folder` with all that the participant needs. With
  /// `order.renew` the files in it are replaced.
  IssuedCertificate issue(const CertificateOrder& order, const std::filesystem::path& folder,
                          UtcTime now);

  /// Makes a certificate for the key in the PEM file `request`. Of what the request says, its
  /// name must be that of the order, and nothing else counts. `folder` gets all that the
  /// participant needs but its key, which it has; other files there stay.
  IssuedCertificate sign(const std::filesystem::path& request, const CertificateOrder& order,
                         const std::filesystem::path& folder, UtcTime now);

  /// Revokes the certificate with a serial number, or all of a name, and makes the list anew.
  /// Returns them; those revoked before keep their date.
  std::vector<IssuedCertificate> revoke(const std::string& name_or_serial, UtcTime now);

 private:
  std::filesystem::path folder_;
  Certificate certificate_;
};

}  // namespace asyndgan::transport
