// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/certificates.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "net/certificate_folder.hpp"
#include "net/certificate_pem.hpp"

namespace asyndgan::transport {

namespace {

constexpr std::size_t kLongestName = 64;  // of a common name, RFC 5280 appendix A.1

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string time_text(UtcTime time, const char* form) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), form, static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

}  // namespace

std::string utc_text(UtcTime time) { return time_text(time, "%04d-%02u-%02u %02d:%02d:%02d UTC"); }

std::string iso_text(UtcTime time) { return time_text(time, "%04d-%02u-%02uT%02d:%02d:%02dZ"); }

std::string to_string(Role role) {
  switch (role) {
    case Role::authority:
      return "authority";
    case Role::central:
      return "central";
    case Role::site:
      return "site";
  }
  throw ContractViolation("no such role");
}

std::optional<std::string> name_problem(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
  });
  if (name.empty() || name.size() > kLongestName || !plain || !is_letter_or_digit(name.front())) {
    const std::string shown = plain && name.size() <= kLongestName
                                  ? "the name \"" + std::string(name) + "\""
                                  : "a name of " + std::to_string(name.size()) + " bytes";
    return shown +
           " given, expected 1 to 64 letters, digits, '-', '_' or '.', a letter or digit first";
  }
  if (name == kAuthorityFolder) return "the name \"authority\" is that of the authority";
  return std::nullopt;
}

Certificate describe_certificate(const std::filesystem::path& file) {
  const X509Handle certificate = read_certificate(file);
  try {
    return describe(*certificate);
  } catch (const CertificateError& error) {
    throw CertificateError("'" + file.string() + "': " + error.what());
  }
}

CertificateRequest describe(X509_REQ& request, const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& why) {
    throw CertificateError("'" + file.string() + "': the request " + why);
  };
  EVP_PKEY* const key = X509_REQ_get0_pubkey(&request);
  if (key == nullptr || !is_p256(*key)) refuse("is for another kind of key, expected one on P-256");
  if (X509_REQ_verify(&request, key) != 1) {
    refuse("is not signed with the key that it is for (" + openssl_reason() + ")");
  }
  const auto name = common_name(*X509_REQ_get_subject_name(&request));
  if (!name) refuse("has no name, expected one CN");
  return {*name, key_fingerprint(*key)};
}

CertificateRequest describe_request(const std::filesystem::path& file) {
  return describe(*read_request(file), file);
}

CertificateRequest request_certificate(const std::filesystem::path& folder,
                                       const std::string& name) {
  if (const auto problem = name_problem(name)) throw CertificateError(*problem);
  const KeyHandle key = make_key();
  const RequestHandle request(require(X509_REQ_new(), "take memory"));
  X509_NAME* const subject = X509_REQ_get_subject_name(request.get());
  require(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(name.data()),
                                     static_cast<int>(name.size()), -1, 0),
          "write a name");
  require(X509_REQ_set_pubkey(request.get(), key.get()), "write a key");
  require(X509_REQ_sign(request.get(), key.get(), EVP_sha256()), "sign a request");
  NewFolder made(folder);
  made.write({"key.pem", pem_text(*key), kSecret});
  made.write({"request.pem", pem_text(*request)});
  made.commit();
  return {name, key_fingerprint(*key)};
}

}  // namespace asyndgan::transport
