// SPDX-License-Identifier: Apache-2.0
//
// Who counts, and who does not, and why.

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <string>

#include "net/certificate_pem.hpp"

namespace asyndgan::transport {

namespace {

using StoreHandle = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using ContextHandle = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

std::string holder(Role role) {
  return role == Role::site ? "a site" : role == Role::central ? "the centre" : "the authority";
}

std::string revocation_text(X509& certificate, X509_CRL& list) {
  X509_REVOKED* entry = nullptr;
  if (X509_CRL_get0_by_cert(&list, &entry, &certificate) != 1) return "was revoked";
  return "was revoked on " + utc_text(time_of(*X509_REVOKED_get0_revocationDate(entry)));
}

/// What OpenSSL found, in plain words.
std::string reason(int code, X509& certificate, X509& authority, X509_CRL* revoked, Role role,
                   UtcTime at) {
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED: {
      const bool own = time_of(*X509_get0_notAfter(&certificate)) <= at;
      return own ? "expired on " + utc_text(time_of(*X509_get0_notAfter(&certificate)))
                 : "comes from an authority whose certificate expired on " +
                       utc_text(time_of(*X509_get0_notAfter(&authority)));
    }
    case X509_V_ERR_CERT_NOT_YET_VALID: {
      X509& early = time_of(*X509_get0_notBefore(&certificate)) > at ? certificate : authority;
      return "is not valid before " + utc_text(time_of(*X509_get0_notBefore(&early))) +
             ", and here it is " + utc_text(at) + ": is the clock right?";
    }
    case X509_V_ERR_CERT_REVOKED:
      return revocation_text(certificate, *revoked);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "was signed by another authority (" + describe(certificate).issuer + "), expected " +
             describe(authority).issuer + " with the key " + describe(authority).key;
    case X509_V_ERR_INVALID_PURPOSE:
      return "is that of " + holder(describe(certificate).role) + ", expected that of " +
             holder(role);
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return "cannot be judged: the list of revoked certificates counts until " +
             utc_text(time_of(*X509_CRL_get0_nextUpdate(revoked))) +
             "; ask the authority for a new one";
    case X509_V_ERR_CRL_NOT_YET_VALID:
      return "cannot be judged: the list of revoked certificates counts from " +
             utc_text(time_of(*X509_CRL_get0_lastUpdate(revoked))) + " on, and here it is " +
             utc_text(at) + ": is the clock right?";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
      return "cannot be judged: the list of revoked certificates is not that of its authority";
    default:
      return std::string("does not count: ") + X509_verify_cert_error_string(code);
  }
}

}  // namespace

std::optional<Refusal> why_refused(X509& certificate, X509& authority, X509_CRL* revoked, Role role,
                                   UtcTime at) {
  const StoreHandle store(require(X509_STORE_new(), "take memory"));
  require(X509_STORE_add_cert(store.get(), &authority), "trust a certificate");
  unsigned long flags = X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE;
  if (revoked != nullptr) {
    require(X509_STORE_add_crl(store.get(), revoked), "take a list of revoked certificates");
    flags |= X509_V_FLAG_CRL_CHECK;
  }
  const ContextHandle context(require(X509_STORE_CTX_new(), "take memory"));
  require(X509_STORE_CTX_init(context.get(), store.get(), &certificate, nullptr),
          "judge a certificate");
  X509_VERIFY_PARAM* const how = X509_STORE_CTX_get0_param(context.get());
  require(X509_VERIFY_PARAM_set_flags(how, flags), "judge a certificate");
  require(X509_VERIFY_PARAM_set_purpose(
              how, role == Role::central ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT),
          "judge a certificate");
  X509_VERIFY_PARAM_set_auth_level(how, kSecurityLevel);
  X509_VERIFY_PARAM_set_time(how, at.time_since_epoch().count());
  const bool counts = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (counts) return std::nullopt;
  const int code = X509_STORE_CTX_get_error(context.get());
  return Refusal{code, reason(code, certificate, authority, revoked, role, at)};
}

std::optional<std::string> why_refused(const std::filesystem::path& certificate, const Trust& trust,
                                       Role role, UtcTime at) {
  if (role == Role::authority) {
    throw ContractViolation("why_refused: nobody is asked to be the authority");
  }
  const X509Handle judged = read_certificate(certificate);
  const X509Handle authority = read_certificate(trust.authority);
  const RevocationsHandle revoked =
      trust.revoked.empty() ? nullptr : read_revocations(trust.revoked);
  const auto refused = why_refused(*judged, *authority, revoked.get(), role, at);
  return refused ? std::optional(refused->why) : std::nullopt;
}

std::optional<std::string> folder_problem(const std::filesystem::path& folder, UtcTime at) {
  const std::filesystem::path file = folder / "certificate.pem";
  try {
    const Certificate own = describe_certificate(file);
    (void)read_own(file, folder / "key.pem");
    const Trust trust{.authority = folder / "authority.pem", .revoked = folder / "revoked.pem"};
    const auto refused = why_refused(file, trust, own.role, at);
    return refused ? std::optional("'" + file.string() + "' (" + own.name + ") " + *refused)
                   : std::nullopt;
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace asyndgan::transport
