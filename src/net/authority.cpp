// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/authority.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "net/certificate_folder.hpp"
#include "net/certificate_ledger.hpp"
#include "net/certificate_make.hpp"
#include "net/certificate_pem.hpp"

namespace asyndgan::transport {

namespace fs = std::filesystem;

namespace {

using Ledger = std::vector<IssuedCertificate>;

constexpr const char* kLedgerFile = "issued.jsonl";
constexpr const char* kCertificateFile = "certificate.pem";
constexpr const char* kKeyFile = "key.pem";
constexpr const char* kAuthorityFile = "authority.pem";
constexpr const char* kRevokedFile = "revoked.pem";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void check_consortium(const std::string& name) {
  const bool plain =
      std::none_of(name.begin(), name.end(), [](unsigned char c) { return std::iscntrl(c) != 0; });
  if (name.empty() || name.size() > 64 || !plain) {
    throw CertificateError("a consortium's name of " + std::to_string(name.size()) +
                           " bytes given, expected 1 to 64 without control characters");
  }
}

void check_hosts(const CertificateOrder& order) {
  if (order.role == Role::site && !order.hosts.empty()) {
    throw CertificateError("host " + order.hosts.front() +
                           " given for a site; nobody calls a site, hosts are for the centre");
  }
  for (const auto& host : order.hosts) {
    if (const auto problem = host_problem(host)) throw CertificateError(*problem);
  }
}

void check_times(const CertificateOrder& order, const Certificate& authority, UtcTime now) {
  if (now < authority.not_before) {
    throw CertificateError("the authority's certificate is not valid before " +
                           utc_text(authority.not_before) + ", and here it is " + utc_text(now) +
                           ": is the clock right?");
  }
  // Before the sum, which could overflow.
  if (order.lifetime <= std::chrono::seconds(0) || order.lifetime > authority.not_after - now) {
    throw CertificateError("a lifetime of " + std::to_string(order.lifetime.count()) +
                           " s given, expected one above 0 that ends before the authority's own "
                           "certificate does, on " +
                           utc_text(authority.not_after));
  }
}

/// A name stands for one participant in one role, and does not get a second certificate by
/// mistake, nor a first one as a renewal.
void check_name(const CertificateOrder& order, const Ledger& ledger, UtcTime now) {
  bool known = false;
  for (const auto& issued : ledger) {
    if (lower(issued.name) != lower(order.name)) continue;
    if (issued.name != order.name) {
      throw CertificateError("the name \"" + order.name + "\" differs from \"" + issued.name +
                             "\" in its capitals alone");
    }
    known = true;
    if (issued.revoked || issued.not_after <= now) continue;
    const std::string has = "\"" + order.name + "\" has a certificate as " +
                            to_string(issued.role) + " until " + utc_text(issued.not_after);
    if (issued.role != order.role) throw CertificateError(has + ", serial " + issued.serial);
    if (!order.renew) throw CertificateError(has + "; ask for its renewal");
  }
  if (order.renew && !known) {
    throw CertificateError("\"" + order.name + "\" has no certificate to renew");
  }
}

void check_order(const CertificateOrder& order, const Certificate& authority, const Ledger& ledger,
                 UtcTime now) {
  if (const auto problem = name_problem(order.name)) throw CertificateError(*problem);
  if (order.role == Role::authority) {
    throw CertificateError("an authority signs no other authority");
  }
  check_hosts(order);
  check_times(order, authority, now);
  check_name(order, ledger, now);
}

IssuedCertificate entry_of(const Certificate& made) {
  return {.serial = made.serial,
          .name = made.name,
          .role = made.role,
          .hosts = made.hosts,
          .not_before = made.not_before,
          .not_after = made.not_after,
          .key = made.key};
}

/// The folder of an authority that is about to sign: locked, with its key and its ledger.
class Office {
 public:
  Office(const fs::path& folder, UtcTime now)
      : folder_(folder),
        now_(now),
        lock_(folder),
        own_(read_pair(folder / kCertificateFile, folder / kKeyFile)),
        ledger_(read_ledger(folder / kLedgerFile)) {}

  [[nodiscard]] Ledger& ledger() { return ledger_; }

  /// Enters and returns a certificate for `key`, and delivers it with `files` and what the
  /// participant judges others by.
  IssuedCertificate certify(EVP_PKEY& key, const CertificateOrder& order, const fs::path& target,
                            std::vector<TextFile> files) {
    files.push_back({kAuthorityFile, pem_text(*own_.certificate)});
    if (!order.renew) refuse_overwriting(target, files);
    std::error_code ignored;
    std::optional<NewFolder> fresh;
    if (!fs::is_directory(target, ignored)) fresh.emplace(target);

    const X509Handle made = make_certificate(key, order, {*own_.certificate, *own_.key}, now_);
    ledger_.push_back(entry_of(describe(*made)));
    write();
    files.push_back({kRevokedFile, pem_text(*revocations_)});
    files.push_back({kCertificateFile, pem_text(*made)});  // last: with it the folder is whole
    for (const auto& file : files) fresh ? fresh->write(file) : write_text(target, file);
    if (fresh) fresh->commit();
    return ledger_.back();
  }

  /// The ledger, and the list that follows from it.
  void write() {
    write_text(folder_, {kLedgerFile, ledger_text(ledger_)});
    revocations_ = make_revocations(ledger_, {*own_.certificate, *own_.key}, now_);
    write_text(folder_, {kRevokedFile, pem_text(*revocations_)});
  }

 private:
  static void refuse_overwriting(const fs::path& target, const std::vector<TextFile>& files) {
    std::vector<std::string> names{kRevokedFile, kCertificateFile};
    for (const auto& file : files) names.push_back(file.name);
    for (const auto& name : names) {
      std::error_code ignored;
      if (fs::exists(target / name, ignored)) {
        throw CertificateError("'" + (target / name).string() +
                               "' exists already, and only a renewal overwrites it");
      }
    }
  }

  fs::path folder_;
  UtcTime now_;
  FolderLock lock_;
  OwnCertificate own_;
  RevocationsHandle revocations_;  // as last written
  Ledger ledger_;
};

}  // namespace

std::optional<UtcTime> made_at(const Certificate& certificate) {
  const std::string ours = "CN=" + std::string(kAuthorityFolder) + ",";
  if (!certificate.issuer.starts_with(ours)) return std::nullopt;
  return certificate.not_before + Authority::kClockAllowance;
}

Authority Authority::create(const fs::path& folder, const std::string& consortium, UtcTime now,
                            std::chrono::seconds lifetime, const std::string& revocations_at) {
  check_consortium(consortium);
  if (!revocations_at.empty()) {
    if (const auto problem = revocations_address_problem(revocations_at)) {
      throw CertificateError(*problem);
    }
  }
  if (lifetime <= std::chrono::seconds(0) || lifetime > 10 * kLifetime) {
    throw CertificateError("a lifetime of " + std::to_string(lifetime.count()) +
                           " s given, expected one above 0 and below 100 years");
  }
  const KeyHandle key = make_key();
  const X509Handle certificate =
      make_authority_certificate(*key, consortium, now, lifetime, revocations_at);
  const RevocationsHandle revocations = make_revocations({}, {*certificate, *key}, now);
  NewFolder made(folder);
  made.write({kKeyFile, pem_text(*key), kSecret});
  made.write({kCertificateFile, pem_text(*certificate)});
  made.write({kRevokedFile, pem_text(*revocations)});
  made.write({kLedgerFile, ""});
  made.commit();
  return Authority(folder);
}

Authority::Authority(const fs::path& folder)
    : folder_(folder), certificate_(describe_certificate(folder / kCertificateFile)) {
  if (certificate_.role != Role::authority) {
    throw CertificateError("'" + (folder / kCertificateFile).string() + "' is that of a " +
                           to_string(certificate_.role) + ", expected the authority's");
  }
}

Ledger Authority::issued() const { return read_ledger(folder_ / kLedgerFile); }

IssuedCertificate Authority::issue(const CertificateOrder& order, const fs::path& folder,
                                   UtcTime now) {
  Office office(folder_, now);
  check_order(order, certificate_, office.ledger(), now);
  const KeyHandle key = make_key();
  return office.certify(*key, order, folder, {{kKeyFile, pem_text(*key), kSecret}});
}

IssuedCertificate Authority::sign(const fs::path& request, const CertificateOrder& order,
                                  const fs::path& folder, UtcTime now) {
  const RequestHandle asked = read_request(request);
  const std::string name = describe(*asked, request).name;
  if (name != order.name) {
    throw CertificateError("'" + request.string() + "' is for the name \"" + name +
                           "\", expected \"" + order.name + "\"");
  }
  Office office(folder_, now);
  check_order(order, certificate_, office.ledger(), now);
  EVP_PKEY* const key = require(X509_REQ_get0_pubkey(asked.get()), "read a key");
  return office.certify(*key, order, folder, {});
}

Ledger Authority::revoke(const std::string& name_or_serial, UtcTime now) {
  std::string serial = lower(name_or_serial);
  std::erase(serial, ':');
  Office office(folder_, now);
  const auto any_named = std::any_of(office.ledger().begin(), office.ledger().end(),
                                     [&](const auto& i) { return i.name == name_or_serial; });
  Ledger revoked;
  for (auto& issued : office.ledger()) {
    if (any_named ? issued.name != name_or_serial : issued.serial != serial) continue;
    if (!issued.revoked) issued.revoked = now;
    revoked.push_back(issued);
  }
  if (revoked.empty()) {
    throw CertificateError("no certificate has the name or serial number \"" + name_or_serial +
                           "\"; the ledger is '" + (folder_ / kLedgerFile).string() + "'");
  }
  office.write();
  return revoked;
}

}  // namespace asyndgan::transport
