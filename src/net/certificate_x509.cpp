// SPDX-License-Identifier: Apache-2.0
#include "net/certificate_x509.hpp"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <span>
#include <string_view>
#include <vector>

namespace asyndgan::transport {

namespace {

using GeneralNames = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using DistributionPoints = std::unique_ptr<CRL_DIST_POINTS, Freed<CRL_DIST_POINTS_free>>;

/// The one entry of a kind in a distinguished name; nothing if there is none or several, or if
/// it could do things to a terminal.
std::optional<std::string> entry_of(const X509_NAME& name, int kind) {
  const int at = X509_NAME_get_index_by_NID(&name, kind, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(&name, kind, at) >= 0) return std::nullopt;
  const ASN1_STRING* const value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(&name, at));
  unsigned char* text = nullptr;
  const int length = ASN1_STRING_to_UTF8(&text, value);
  if (length < 0) return std::nullopt;
  std::string copy(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
  OPENSSL_free(text);
  const bool control =
      std::any_of(copy.begin(), copy.end(), [](unsigned char c) { return std::iscntrl(c) != 0; });
  return control ? std::nullopt : std::optional(copy);
}

std::string distinguished_name(const X509_NAME& name) {
  const BioHandle text(require(BIO_new(BIO_s_mem()), "take memory"));
  // RFC 2253 writes control characters as \XX, so that nothing odd reaches a terminal.
  require(X509_NAME_print_ex(text.get(), &name, 0, XN_FLAG_RFC2253) >= 0, "print a name");
  char* start = nullptr;
  const long length = BIO_get_mem_data(text.get(), &start);
  return {start, static_cast<std::size_t>(length)};
}

std::string hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string address_text(const ASN1_OCTET_STRING& address) {
  const int length = ASN1_STRING_length(&address);
  if (length != 4 && length != 16) return "?";
  std::array<char, INET6_ADDRSTRLEN> text{};
  const unsigned char* const bytes = ASN1_STRING_get0_data(&address);
  return ::inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text.data(), text.size());
}

std::string printable(std::string_view text) {
  std::string copy(text);
  std::replace_if(
      copy.begin(), copy.end(), [](unsigned char c) { return std::isprint(c) == 0; }, '?');
  return copy;
}

std::string printable(const ASN1_IA5STRING& text) {
  return printable(std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(&text)),
                                    static_cast<std::size_t>(ASN1_STRING_length(&text))));
}

std::vector<std::string> hosts_of(X509& certificate) {
  const GeneralNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> hosts;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int kind = 0;
    const void* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind);
    if (kind == GEN_DNS) {
      hosts.push_back(printable(*static_cast<const ASN1_IA5STRING*>(value)));
    } else if (kind == GEN_IPADD) {
      hosts.push_back(address_text(*static_cast<const ASN1_OCTET_STRING*>(value)));
    }
  }
  return hosts;
}

/// The first address of the list of revoked certificates, or nothing.
std::string revocations_address(X509& certificate) {
  const DistributionPoints points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(&certificate, NID_crl_distribution_points, nullptr, nullptr)));
  for (int i = 0; points != nullptr && i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT_NAME* const point = sk_DIST_POINT_value(points.get(), i)->distpoint;
    if (point == nullptr || point->type != 0) continue;  // no full name
    const GENERAL_NAMES* const names = point->name.fullname;
    for (int j = 0; j < sk_GENERAL_NAME_num(names); ++j) {
      int kind = 0;
      const void* const value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, j), &kind);
      if (kind == GEN_URI) return printable(*static_cast<const ASN1_IA5STRING*>(value));
    }
  }
  return {};
}

Role role_of(X509& certificate) {
  if ((X509_get_extension_flags(&certificate) & EXFLAG_CA) != 0) return Role::authority;
  const std::uint32_t use = X509_get_extended_key_usage(&certificate);
  if (use == UINT32_MAX || (use & (XKU_SSL_SERVER | XKU_SSL_CLIENT)) == 0) {
    throw CertificateError(
        "its certificate is for neither the centre nor a site (expected serverAuth or clientAuth "
        "in its extended key usage)");
  }
  return (use & XKU_SSL_SERVER) != 0 ? Role::central : Role::site;
}

}  // namespace

std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

void require(int succeeded, const char* what) {
  if (succeeded <= 0) {
    throw CertificateError("cannot " + std::string(what) + ": " + openssl_reason());
  }
}

std::optional<std::string> common_name(const X509_NAME& name) {
  return entry_of(name, NID_commonName);
}

std::string serial_text(const ASN1_INTEGER& serial) {
  const NumberHandle number(require(ASN1_INTEGER_to_BN(&serial, nullptr), "read a serial number"));
  const auto size = static_cast<std::size_t>(std::max(16, BN_num_bytes(number.get())));
  std::vector<unsigned char> bytes(size);
  require(BN_bn2binpad(number.get(), bytes.data(), static_cast<int>(size)), "read a serial number");
  return hex(bytes);
}

UtcTime time_of(const ASN1_TIME& time) {
  std::tm parts{};
  require(ASN1_TIME_to_tm(&time, &parts), "read a time");
  return UtcTime(std::chrono::seconds(::timegm(&parts)));
}

std::string key_fingerprint(EVP_PKEY& key) {
  unsigned char* encoded = nullptr;
  const int length = i2d_PUBKEY(&key, &encoded);
  require(length, "encode a public key");
  std::array<unsigned char, 32> digest{};
  const int done = EVP_Digest(encoded, static_cast<std::size_t>(length), digest.data(), nullptr,
                              EVP_sha256(), nullptr);
  OPENSSL_free(encoded);
  require(done, "compute SHA-256");
  return hex(digest);
}

KeyHandle make_key() { return KeyHandle(require(EVP_EC_gen("P-256"), "make a key")); }

bool is_p256(EVP_PKEY& key) {
  std::array<char, 32> group{};
  return EVP_PKEY_is_a(&key, "EC") == 1 &&
         EVP_PKEY_get_group_name(&key, group.data(), group.size(), nullptr) == 1 &&
         std::string_view(group.data()) == SN_X9_62_prime256v1;
}

std::string title_of(const X509& certificate) {
  const auto name = common_name(*X509_get_subject_name(&certificate));
  return name ? "the certificate of '" + *name + "'" : "a certificate without a name";
}

Certificate describe(X509& certificate) {
  const X509_NAME& subject = *X509_get_subject_name(&certificate);
  const auto name = common_name(subject);
  if (!name) throw CertificateError("its certificate has no name (expected one CN)");
  EVP_PKEY* const key = X509_get0_pubkey(&certificate);
  if (key == nullptr) {
    throw CertificateError("its certificate has no usable key: " + openssl_reason());
  }
  return {.name = *name,
          .consortium = entry_of(subject, NID_organizationName).value_or(""),
          .role = role_of(certificate),
          .issuer = distinguished_name(*X509_get_issuer_name(&certificate)),
          .serial = serial_text(*X509_get0_serialNumber(&certificate)),
          .hosts = hosts_of(certificate),
          .not_before = time_of(*X509_get0_notBefore(&certificate)),
          .not_after = time_of(*X509_get0_notAfter(&certificate)),
          .key = key_fingerprint(*key),
          .revocations_at = revocations_address(certificate)};
}

}  // namespace asyndgan::transport
