// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Certificates of a consortium: who is the centre, who is a site, and who is no longer either.
/// What is made and judged here is X.509v3 with ECDSA over P-256 and SHA-256, in PEM files.
/// transport/authority.hpp makes certificates; here they are asked for, read and judged.
/// Link `asyndgan::tls`; OpenSSL's headers are not needed to use it.
///
/// The folder of a participant, which nobody else gets to see:
///
///   certificate.pem   who it is, signed by the authority
///   key.pem           its private key, mode 0600
///   authority.pem     the authority's certificate, by which it knows the others
///   revoked.pem       the authority's list of certificates that no longer count
///
/// Errors   DataError for a file that cannot be read, CertificateError for one that is damaged
///          or holds something else, WriteError for one that cannot be written. All name the
///          file and what was expected.
/// Threads  any function may run in several threads at once.
namespace asyndgan::transport {

/// A moment by the calendar; certificates count in whole seconds.
using UtcTime = std::chrono::sys_seconds;

[[nodiscard]] inline UtcTime utc_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// "2026-12-24 13:05:09 UTC", for people.
[[nodiscard]] std::string utc_text(UtcTime time);

/// "2026-12-24T13:05:09Z", for programs.
[[nodiscard]] std::string iso_text(UtcTime time);

/// What a certificate lets its holder be.
enum class Role {
  authority,  // signs certificates
  central,    // the server of TLS
  site        // a client of TLS
};

[[nodiscard]] std::string to_string(Role role);

/// What is wrong with a participant's name, which becomes a folder and the common name of a
/// certificate: it has 1 to 64 letters, digits, '-', '_' or '.', a letter or digit first, and is
/// not "authority".
[[nodiscard]] std::optional<std::string> name_problem(std::string_view name);

/// What a certificate says.
struct Certificate {
  std::string name;                // common name; "authority" for the authority itself
  std::string consortium;          // organisation
  Role role = Role::site;          // by its basic constraints and extended key usage
  std::string issuer;              // distinguished name, "CN=authority,O=..."
  std::string serial;              // 32 hexadecimal digits
  std::vector<std::string> hosts;  // DNS names and addresses that it answers for
  UtcTime not_before{};
  UtcTime not_after{};
  std::string key;             // fingerprint: SHA-256 of the public key, hexadecimal
  std::string revocations_at;  // URL of the list of revoked ones; empty: it goes by hand
};

/// The certificate in a PEM file.
[[nodiscard]] Certificate describe_certificate(const std::filesystem::path& file);

/// Whole days until it expires; negative once it has.
[[nodiscard]] inline long days_left(const Certificate& certificate, UtcTime now) {
  return std::chrono::floor<std::chrono::days>(certificate.not_after - now).count();
}

/// By what a participant judges the certificates of others.
struct Trust {
  std::filesystem::path authority;  // authority.pem
  std::filesystem::path revoked{};  // revoked.pem; without it nobody counts as revoked
};

/// Why a certificate does not count at a moment in a role, in plain words such as "expired on
/// 2026-12-24 13:05:09 UTC"; nothing if it does.
[[nodiscard]] std::optional<std::string> why_refused(const std::filesystem::path& certificate,
                                                     const Trust& trust, Role role, UtcTime at);

/// Why a participant cannot work with what its folder holds: a missing or damaged file, a
/// certificate that does not count, or a key of another certificate. Names the file.
[[nodiscard]] std::optional<std::string> folder_problem(const std::filesystem::path& folder,
                                                        UtcTime at);

/// What a participant asks the authority for: its name, and the key to certify.
struct CertificateRequest {
  std::string name;
  std::string key;  // fingerprint, as in Certificate
};

/// Makes a new folder `folder` with a key of its own, key.pem, and request.pem, which goes to the
/// authority; the key stays. Throws CertificateError if the folder exists or the name is wrong.
CertificateRequest request_certificate(const std::filesystem::path& folder,
                                       const std::string& name);

/// The request in a PEM file, whose signature shows that its sender has the key.
[[nodiscard]] CertificateRequest describe_request(const std::filesystem::path& file);

}  // namespace asyndgan::transport
