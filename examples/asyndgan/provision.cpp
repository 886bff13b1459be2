// SPDX-License-Identifier: Apache-2.0
#include "provision.hpp"

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/authority.hpp"

namespace asyndgan::program {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using transport::Authority;
using transport::Certificate;
using transport::iso_text;
using transport::IssuedCertificate;
using transport::Role;
using transport::utc_text;

namespace {

Authority open_authority(const fs::path& folder) {
  const fs::path own = folder / "authority";
  if (!fs::is_directory(own)) {
    throw DataError("'" + folder.string() + "' has no authority/; 'asyndgan provision init " +
                    folder.string() + " --consortium NAME' makes one");
  }
  return Authority(own);
}

const char* state_of(const IssuedCertificate& issued, transport::UtcTime now) {
  if (issued.revoked) return "revoked";
  if (issued.not_after <= now) return "expired";
  return issued.not_before > now ? "not yet valid" : "valid";
}

/// The order as given, and for a renewal the rest from the name's last certificate.
transport::CertificateOrder complete(const OrderArguments& arguments, const Authority& authority) {
  transport::CertificateOrder order{.name = arguments.name,
                                    .role = arguments.central ? Role::central : Role::site,
                                    .hosts = arguments.hosts,
                                    .lifetime = std::chrono::days(arguments.days),
                                    .renew = arguments.renew};
  if (arguments.central || arguments.site) return order;
  if (!arguments.renew) throw ConfigError("--site or --central: which of the two is it?");
  const auto ledger = authority.issued();
  const auto last = std::find_if(ledger.rbegin(), ledger.rend(),
                                 [&](const auto& issued) { return issued.name == order.name; });
  if (last == ledger.rend()) return order;  // the authority refuses it, with the reason
  order.role = last->role;
  if (order.hosts.empty()) order.hosts = last->hosts;
  return order;
}

ordered_json json_of(const Certificate& certificate, transport::UtcTime now) {
  return {{"kind", "certificate"},
          {"name", certificate.name},
          {"consortium", certificate.consortium},
          {"role", to_string(certificate.role)},
          {"hosts", certificate.hosts},
          {"issuer", certificate.issuer},
          {"serial", certificate.serial},
          {"not_before", iso_text(certificate.not_before)},
          {"not_after", iso_text(certificate.not_after)},
          {"days_left", days_left(certificate, now)},
          {"key", certificate.key},
          {"revocations_at", certificate.revocations_at}};
}

void print_text(const Certificate& certificate, transport::UtcTime now) {
  std::cout << certificate.name << ": " << to_string(certificate.role) << " of "
            << certificate.consortium << "\n  valid    " << utc_text(certificate.not_before)
            << " to " << utc_text(certificate.not_after) << ", " << days_left(certificate, now)
            << " days left\n";
  if (!certificate.hosts.empty()) {
    std::cout << "  hosts   ";
    for (const auto& host : certificate.hosts) std::cout << ' ' << host;
    std::cout << '\n';
  }
  std::cout << "  serial   " << certificate.serial << "\n  key      " << certificate.key
            << "\n  issuer   " << certificate.issuer << '\n';
  if (!certificate.revocations_at.empty()) {
    std::cout << "  revoked  " << certificate.revocations_at << '\n';
  }
}

bool holds_request(const fs::path& file) {
  constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  const auto bytes = read_file(file, kMaxBytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.find("BEGIN CERTIFICATE REQUEST") != std::string_view::npos;
}

int show_request(const fs::path& file, const Voice& voice) {
  const auto asked = transport::describe_request(file);
  if (voice.json) {
    print({{"kind", "request"}, {"name", asked.name}, {"key", asked.key}});
  } else if (voice.shows_text()) {
    std::cout << asked.name << ": request for a certificate\n  key      " << asked.key << '\n';
  }
  return kDone;
}

}  // namespace

int provision_init(const FoundArguments& arguments, const Voice& voice) {
  const fs::path folder = arguments.folder / "authority";
  const auto lifetime = std::chrono::days(Authority::kLifetime.count() * arguments.years / 10);
  const auto authority = Authority::create(folder, arguments.consortium, transport::utc_now(),
                                           lifetime, arguments.revocations_at);
  const Certificate& own = authority.certificate();
  voice.say("authority of " + own.consortium + " until " + utc_text(own.not_after) + ": " +
            folder.string());
  voice.say("keep " + (folder / "key.pem").string() + " where nobody else can read it");
  if (voice.json) print(json_of(own, transport::utc_now()));
  return kDone;
}

int provision_order(const OrderArguments& arguments, const Voice& voice) {
  Authority authority = open_authority(arguments.folder);
  const auto order = complete(arguments, authority);
  const fs::path target =
      (arguments.out.empty() ? arguments.folder : arguments.out) / arguments.name;
  const auto now = transport::utc_now();
  const auto issued = arguments.request.empty()
                          ? authority.issue(order, target, now)
                          : authority.sign(arguments.request, order, target, now);
  voice.say(issued.name + ": " + to_string(issued.role) + " until " + utc_text(issued.not_after) +
            ", serial " + issued.serial);
  voice.say("carry to " + issued.name + ": " + target.string() +
            (arguments.request.empty() ? ", whose key.pem is secret" : ""));
  if (voice.json) {
    ordered_json result = to_json(issued);
    result["folder"] = target.string();
    print(result);
  }
  return kDone;
}

int provision_request(const RequestArguments& arguments, const Voice& voice) {
  const fs::path folder = arguments.out / arguments.name;
  const auto asked = transport::request_certificate(folder, arguments.name);
  voice.say("send to the authority: " + (folder / "request.pem").string());
  voice.say("tell it by another way, such as the telephone: key " + asked.key);
  if (voice.json) {
    print({{"name", asked.name}, {"key", asked.key}, {"folder", folder.string()}});
  }
  return kDone;
}

int provision_revoke(const RevokeArguments& arguments, const Voice& voice) {
  Authority authority = open_authority(arguments.folder);
  const auto revoked = authority.revoke(arguments.name_or_serial, transport::utc_now());
  const fs::path list = arguments.folder / "authority" / "revoked.pem";
  ordered_json result = ordered_json::array();
  for (const auto& issued : revoked) {
    voice.say(issued.name + ", serial " + issued.serial + ": revoked on " +
              utc_text(*issued.revoked));
    result.push_back(to_json(issued));
  }
  voice.say("carry to the centre and to every site: " + list.string());
  if (voice.json) print(result);
  return kDone;
}

int provision_list(const LedgerArguments& arguments, const Voice& voice) {
  const Authority authority = open_authority(arguments.folder);
  const auto now = transport::utc_now();
  ordered_json result = ordered_json::array();
  for (const auto& issued : authority.issued()) {
    if (voice.json) {
      result.push_back(to_json(issued));
      result.back()["state"] = state_of(issued, now);
    } else if (voice.shows_text()) {
      std::cout << std::left << std::setw(14) << state_of(issued, now) << std::setw(8)
                << to_string(issued.role) << std::setw(24) << issued.name << " until "
                << utc_text(issued.not_after) << "  " << issued.serial << '\n';
    }
  }
  if (voice.json) print(result);
  return kDone;
}

int provision_show(const ShowArguments& arguments, const Voice& voice) {
  const bool folder = fs::is_directory(arguments.path);
  if (!folder && holds_request(arguments.path)) return show_request(arguments.path, voice);
  const auto now = transport::utc_now();
  const Certificate certificate =
      transport::describe_certificate(folder ? arguments.path / "certificate.pem" : arguments.path);
  const bool whole = folder && certificate.role != Role::authority;
  const auto problem = whole ? transport::folder_problem(arguments.path, now) : std::nullopt;
  if (voice.json) {
    ordered_json result = json_of(certificate, now);
    if (problem) result["problem"] = *problem;
    print(result);
  } else if (voice.shows_text()) {
    print_text(certificate, now);
  }
  if (problem) {
    std::cerr << "! " << *problem << '\n';
  } else if (whole) {
    voice.say("all in place");
  }
  return problem ? kFailed : kDone;
}

}  // namespace asyndgan::program
