// SPDX-License-Identifier: Apache-2.0
#include "preflight.hpp"

#include <sys/timex.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <system_error>

#include "asyndgan/core/error.hpp"
#include "asyndgan/telemetry/text.hpp"
#include "asyndgan/transport/authority.hpp"
#include "asyndgan/transport/certificates.hpp"
#include "network.hpp"

namespace asyndgan::program {

namespace fs = std::filesystem;

namespace {

/// The site's own, if it is one to go to the centre with.
std::optional<transport::Certificate> look_at_certificate(const RunConfig& config,
                                                          const std::string& name,
                                                          Findings& findings) {
  const fs::path& folder = config.network.certificates;
  if (folder.empty()) {
    findings.problems.emplace_back(
        "network.certificates is missing: the folder that 'asyndgan provision' made for this site");
    return std::nullopt;
  }
  const auto now = transport::utc_now();
  if (const auto problem = transport::folder_problem(folder, now)) {
    findings.problems.push_back(*problem + " (it is " + transport::utc_text(now) +
                                " by this machine's clock)");
    return std::nullopt;
  }
  auto own = transport::describe_certificate(folder / "certificate.pem");
  if (own.role != transport::Role::site || own.name != name) {
    findings.problems.push_back((folder / "certificate.pem").string() + " is that of the " +
                                to_string(own.role) + " '" + own.name + "', expected the site '" +
                                name + "'");
    return std::nullopt;
  }
  findings.notes.push_back("certificate of '" + own.consortium + "', for " +
                           std::to_string(days_left(own, now)) + " more days");
  return own;
}

/// By which both ends judge certificates. What says so by itself is the system; else a certificate
/// that was made at a moment that has not come yet here. The certificates are those of this site
/// and of the centre, as far as there are any.
void look_at_clock(const std::vector<transport::Certificate>& certificates, Findings& findings) {
  constexpr auto kTolerated = std::chrono::minutes(5);  // what a clock without NTP may be off
  const auto now = transport::utc_now();
  const std::string clock = "clock: " + transport::utc_text(now);
  for (const auto& certificate : certificates) {
    const auto made = transport::made_at(certificate);
    if (!made || now + kTolerated >= *made) continue;
    findings.problems.push_back(
        clock + " here, but the certificate of '" + certificate.name + "' was made on " +
        transport::utc_text(*made) + " by the authority's clock: one of the two is wrong by " +
        std::to_string(std::chrono::ceil<std::chrono::minutes>(*made - now).count()) +
        " minutes at least");
    return;
  }
  timex time{};
  const int state = ::adjtimex(&time);
  if (state < 0) {
    findings.notes.push_back(clock + "; whether it is right cannot be seen from here");
  } else if (state == TIME_ERROR || (time.status & STA_UNSYNC) != 0) {
    findings.notes.push_back(clock +
                             ", not synchronised (no NTP): is it right? Certificates go "
                             "by it");
  } else {
    findings.notes.push_back(clock + ", synchronised");
  }
}

/// Goes there and back; over TLS as far as both ends have proved who they are, and then the result
/// is the certificate that the centre showed.
std::optional<transport::Certificate> look_at_centre(const RunConfig& config, LinkKind link,
                                                     std::size_t site, Findings& findings) {
  const std::string where = meeting_place(config, centre_of_site(config, site));
  try {
    const auto shown = visit_centre(config, link, config.data.sites[site].name);
    findings.notes.push_back(
        shown ? "the centre at " + where + " is '" + shown->name +
                    "', and takes this site's certificate; its own counts for " +
                    std::to_string(days_left(*shown, transport::utc_now())) + " more days"
              : "the centre's port is open: " + where + "; nothing proves that it is the centre's");
    return shown;
  } catch (const Error& error) {
    findings.problems.push_back(
        (config.network.centres.empty() ? "network.host: " : "network.centres: ") +
        std::string(error.what()));
    return std::nullopt;
  }
}

/// Who is at both ends of the line.
void look_at_line(const RunConfig& config, std::size_t site, Findings& findings) {
  const bool proved = config.network.link == LinkKind::tls;
  const auto own =
      proved ? look_at_certificate(config, config.data.sites[site].name, findings) : std::nullopt;
  // Who has nothing to prove himself by can still see whether anybody is there.
  const auto centre = look_at_centre(config, own ? LinkKind::tls : LinkKind::tcp, site, findings);
  if (!proved) return;
  std::vector<transport::Certificate> certificates;
  for (const auto& found : {own, centre}) {
    if (found) certificates.push_back(*found);
  }
  look_at_clock(certificates, findings);
}

void look_at_room(const RunConfig& config, const fs::path& folder, std::uint64_t parameters,
                  Findings& findings) {
  std::error_code code;
  fs::path place = fs::absolute(folder, code);  // or where it would be made
  while (!fs::exists(place, code) && place.has_relative_path()) place = place.parent_path();
  if (!fs::is_directory(place, code) || ::access(place.c_str(), W_OK) != 0) {
    findings.problems.push_back("cannot write to " + place.string());
    return;
  }
  // Weights and Adam's two moments, the checkpoints that are kept and the one that is written;
  // a line of the ledger for each message.
  constexpr std::uint64_t kCheckpoints = 4;
  constexpr std::uint64_t kLine = 500;  // bytes
  const std::uint64_t needed = kCheckpoints * 3 * sizeof(float) * parameters +
                               kLine * static_cast<std::uint64_t>(config.training.steps) *
                                   static_cast<std::uint64_t>(config.training.discriminator_steps);
  const std::uint64_t free = fs::space(place, code).available;
  const std::string room =
      folder.string() + " has room for " + telemetry::bytes_text(static_cast<double>(free)) +
      ", the run needs about " + telemetry::bytes_text(static_cast<double>(needed));
  (code || free < needed ? findings.problems : findings.notes).push_back(room);
}

}  // namespace

void look_at_site(const RunConfig& config, std::size_t site, const fs::path& folder,
                  std::uint64_t parameters, Findings& findings) {
  if (config.network.link != LinkKind::mpi) look_at_line(config, site, findings);
  look_at_room(config, folder, parameters, findings);
}

}  // namespace asyndgan::program
