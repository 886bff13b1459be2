// SPDX-License-Identifier: Apache-2.0
#include "net/certificate_make.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "net/certificate_folder.hpp"

namespace asyndgan::transport {

namespace {

using IntegerHandle = std::unique_ptr<ASN1_INTEGER, Freed<ASN1_INTEGER_free>>;
using TimeHandle = std::unique_ptr<ASN1_TIME, Freed<ASN1_TIME_free>>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using RevokedHandle = std::unique_ptr<X509_REVOKED, Freed<X509_REVOKED_free>>;

TimeHandle asn1_time(UtcTime time) {
  return TimeHandle(
      require(ASN1_TIME_set(nullptr, time.time_since_epoch().count()), "write a time"));
}

IntegerHandle asn1_integer(const BIGNUM& number) {
  return IntegerHandle(require(BN_to_ASN1_INTEGER(&number, nullptr), "write a number"));
}

/// 128 random bits: no two are alike, and nobody can guess the next.
IntegerHandle draw_serial() {
  const NumberHandle number(require(BN_new(), "take memory"));
  do {
    require(BN_rand(number.get(), 128, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY), "draw a number");
  } while (BN_is_zero(number.get()));
  return asn1_integer(*number);
}

void add_entry(X509_NAME* name, int kind, const std::string& text) {
  require(X509_NAME_add_entry_by_NID(name, kind, MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()), -1, 0),
          "write a name");
}

/// One of X.509v3's extensions, in the notation of OpenSSL's configuration.
ExtensionHandle extension(X509V3_CTX& context, int kind, const std::string& value) {
  return ExtensionHandle(require(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()),
                                 "make an extension of a certificate"));
}

struct Extension {
  int kind;
  std::string value;
};

/// All that certificates share: version, serial number, times, issuer, key and signature.
/// A null `issuer` stands for the certificate itself.
X509Handle sign_certificate(X509Handle made, EVP_PKEY& key, X509* issuer, EVP_PKEY& issuer_key,
                            UtcTime now, std::chrono::seconds lifetime,
                            const std::vector<Extension>& extensions) {
  X509& by = issuer == nullptr ? *made : *issuer;
  require(X509_set_version(made.get(), X509_VERSION_3), "make a certificate");
  require(X509_set_serialNumber(made.get(), draw_serial().get()), "make a certificate");
  require(X509_set1_notBefore(made.get(), asn1_time(now - Authority::kClockAllowance).get()),
          "make a certificate");
  require(X509_set1_notAfter(made.get(), asn1_time(now + lifetime).get()), "make a certificate");
  require(X509_set_issuer_name(made.get(), X509_get_subject_name(&by)), "make a certificate");
  require(X509_set_pubkey(made.get(), &key), "make a certificate");
  X509V3_CTX context;
  X509V3_set_ctx(&context, &by, made.get(), nullptr, nullptr, 0);
  for (const auto& [kind, value] : extensions) {
    require(X509_add_ext(made.get(), extension(context, kind, value).get(), -1),
            "make a certificate");
  }
  require(X509_sign(made.get(), &issuer_key, EVP_sha256()), "sign a certificate");
  return made;
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

void add_revocations_address(const std::string& address, std::vector<Extension>& extensions) {
  if (!address.empty()) extensions.push_back({NID_crl_distribution_points, "URI:" + address});
}

std::string alternative_names(const CertificateOrder& order) {
  std::string text = "DNS:" + order.name;
  for (const auto& host : order.hosts) {
    if (host != order.name) text += (is_address(host) ? ",IP:" : ",DNS:") + host;
  }
  return text;
}

}  // namespace

std::optional<std::string> host_problem(const std::string& host) {
  if (host.find('\0') == std::string::npos && is_address(host)) return std::nullopt;
  const bool plain = !host.empty() && host.size() <= 253 &&
                     std::all_of(host.begin(), host.end(), [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
                     });
  if (plain && host.front() != '.' && host.front() != '-' && host.find("..") == std::string::npos) {
    return std::nullopt;
  }
  return "a host of " + std::to_string(host.size()) +
         " bytes given, expected a DNS name such as gan.example.org or an IP address";
}

// Not every character of a URL: a comma, for one, divides OpenSSL's notation of an extension.
std::optional<std::string> revocations_address_problem(const std::string& address) {
  const bool scheme = address.starts_with("http://") || address.starts_with("https://");
  const bool plain = std::all_of(address.begin(), address.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-._~:/?&=%+[]").find(static_cast<char>(c)) != std::string_view::npos;
  });
  const bool host = address.size() > address.find("://") + 3 && address.size() <= 253;
  if (scheme && plain && host) return std::nullopt;
  return "an address of " + std::to_string(address.size()) +
         " bytes given, expected a URL such as http://gan.example.org/revoked.crl";
}

X509Handle make_authority_certificate(EVP_PKEY& key, const std::string& consortium, UtcTime now,
                                      std::chrono::seconds lifetime,
                                      const std::string& revocations_at) {
  X509Handle made(require(X509_new(), "take memory"));
  X509_NAME* const subject = X509_get_subject_name(made.get());
  add_entry(subject, NID_organizationName, consortium);
  add_entry(subject, NID_commonName, std::string(kAuthorityFolder));
  std::vector<Extension> extensions{{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                    {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                    {NID_subject_key_identifier, "hash"},
                                    {NID_authority_key_identifier, "keyid:always"}};
  add_revocations_address(revocations_at, extensions);
  return sign_certificate(std::move(made), key, nullptr, key, now, lifetime, extensions);
}

X509Handle make_certificate(EVP_PKEY& key, const CertificateOrder& order, const Signer& signer,
                            UtcTime now) {
  X509Handle made(require(X509_new(), "take memory"));
  X509_NAME* const subject = X509_get_subject_name(made.get());
  const Certificate by = describe(signer.certificate);
  add_entry(subject, NID_organizationName, by.consortium);
  add_entry(subject, NID_commonName, order.name);
  const bool central = order.role == Role::central;
  std::vector<Extension> extensions{{NID_basic_constraints, "critical,CA:FALSE"},
                                    {NID_key_usage, "critical,digitalSignature"},
                                    {NID_ext_key_usage, central ? "serverAuth" : "clientAuth"},
                                    {NID_subject_key_identifier, "hash"},
                                    {NID_authority_key_identifier, "keyid:always"}};
  if (central) extensions.push_back({NID_subject_alt_name, alternative_names(order)});
  add_revocations_address(by.revocations_at, extensions);
  return sign_certificate(std::move(made), key, &signer.certificate, signer.key, now,
                          order.lifetime, extensions);
}

RevocationsHandle make_revocations(const std::vector<IssuedCertificate>& ledger,
                                   const Signer& signer, UtcTime now) {
  constexpr const char* kWhat = "make a list of revoked certificates";
  RevocationsHandle made(require(X509_CRL_new(), "take memory"));
  X509_CRL* const list = made.get();
  require(X509_CRL_set_version(list, X509_CRL_VERSION_2), kWhat);
  require(X509_CRL_set_issuer_name(list, X509_get_subject_name(&signer.certificate)), kWhat);
  require(X509_CRL_set1_lastUpdate(list, asn1_time(now - Authority::kClockAllowance).get()), kWhat);
  require(X509_CRL_set1_nextUpdate(list, asn1_time(now + Authority::kListLifetime).get()), kWhat);

  std::size_t number = ledger.size() + 1;  // of the list: every change to the ledger adds one
  for (const auto& issued : ledger) {
    if (!issued.revoked) continue;
    ++number;
    BIGNUM* parsed = nullptr;
    require(BN_hex2bn(&parsed, issued.serial.c_str()), kWhat);
    const NumberHandle serial(parsed);
    RevokedHandle entry(require(X509_REVOKED_new(), "take memory"));
    require(X509_REVOKED_set_serialNumber(entry.get(), asn1_integer(*serial).get()), kWhat);
    require(X509_REVOKED_set_revocationDate(entry.get(), asn1_time(*issued.revoked).get()), kWhat);
    require(X509_CRL_add0_revoked(list, entry.get()), kWhat);
    (void)entry.release();  // the list has it now
  }
  require(X509_CRL_sort(list), kWhat);

  X509V3_CTX context;
  X509V3_set_ctx(&context, &signer.certificate, nullptr, nullptr, list, 0);
  const auto issuer = extension(context, NID_authority_key_identifier, "keyid:always");
  require(X509_CRL_add_ext(list, issuer.get(), -1), kWhat);
  const IntegerHandle numbered(require(ASN1_INTEGER_new(), "take memory"));
  require(ASN1_INTEGER_set_uint64(numbered.get(), number), kWhat);
  require(X509_CRL_add1_ext_i2d(list, NID_crl_number, numbered.get(), 0, 0), kWhat);
  require(X509_CRL_sign(list, &signer.key, EVP_sha256()), "sign a list of revoked certificates");
  return made;
}

}  // namespace asyndgan::transport
