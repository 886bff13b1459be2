// SPDX-License-Identifier: Apache-2.0
#include "preflight.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "asyndgan/telemetry/text.hpp"
#include "asyndgan/transport/certificates.hpp"
#include "network.hpp"

namespace asyndgan::program {

namespace fs = std::filesystem;

namespace {

void look_at_certificate(const RunConfig& config, const std::string& name, Findings& findings) {
  const fs::path& folder = config.network.certificates;
  if (folder.empty()) {
    findings.problems.emplace_back(
        "network.certificates is missing: the folder that 'asyndgan provision' made for this site");
    return;
  }
  const auto now = transport::utc_now();
  if (const auto problem = transport::folder_problem(folder, now)) {
    findings.problems.push_back(*problem + " (it is " + transport::utc_text(now) +
                                " by this machine's clock)");
    return;
  }
  const auto own = transport::describe_certificate(folder / "certificate.pem");
  if (own.role != transport::Role::site || own.name != name) {
    findings.problems.push_back((folder / "certificate.pem").string() + " is that of the " +
                                to_string(own.role) + " '" + own.name + "', expected the site '" +
                                name + "'");
    return;
  }
  findings.notes.push_back("certificate of '" + own.consortium + "', for " +
                           std::to_string(days_left(own, now)) + " more days");
  if (!fs::exists(folder / "revoked.pem")) {
    findings.notes.emplace_back(
        "no revoked.pem: this site would believe a certificate that was revoked");
  }
}

/// By which both ends judge certificates.
void look_at_clock(Findings& findings) {
  timex time{};
  const int state = ::adjtimex(&time);
  const std::string now = transport::utc_text(transport::utc_now());
  if (state < 0) {
    findings.notes.push_back("clock: " + now + "; whether it is right cannot be seen from here");
  } else if (state == TIME_ERROR || (time.status & STA_UNSYNC) != 0) {
    findings.notes.push_back("clock: " + now +
                             ", not synchronised (no NTP): is it right? Certificates go by it");
  } else {
    findings.notes.push_back("clock: " + now + ", synchronised");
  }
}

/// Why a connection to one address fails; empty where it does not.
std::string why_unreachable(const addrinfo& address) {
  constexpr int kPatience = 5000;  // ms
  const int handle = ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                              address.ai_protocol);
  if (handle < 0) return std::generic_category().message(errno);
  int error = ::connect(handle, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd waiting{.fd = handle, .events = POLLOUT, .revents = 0};
    socklen_t size = sizeof error;
    const int ready = ::poll(&waiting, 1, kPatience);
    if (ready <= 0) {
      error = ready == 0 ? ETIMEDOUT : errno;
    } else if (::getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
      error = errno;
    }
  }
  ::close(handle);
  return error == 0 ? "" : std::generic_category().message(error);
}

void look_at_way(const RunConfig& config, std::size_t site, Findings& findings) {
  const int centre = centre_of_site(config, site);
  const auto [host, port] = place_of_centre(config, centre);
  const std::string where = meeting_place(config, centre);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (failed != 0) {
    findings.problems.push_back(
        (config.network.centres.empty() ? "network.host: '" : "network.centres: '") + host +
        "' does not resolve: " + ::gai_strerror(failed));
    return;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, &::freeaddrinfo);
  std::string why;
  for (const addrinfo* address = list; address != nullptr; address = address->ai_next) {
    why = why_unreachable(*address);
    if (why.empty()) {
      findings.notes.push_back("the centre's port is open: " + where);
      return;
    }
  }
  findings.problems.push_back("nobody answers at " + where + ": " + why +
                              "; is the centre running, and does the firewall here let this "
                              "machine out to it?");
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
  if (config.network.link == LinkKind::tls) {
    look_at_certificate(config, config.data.sites[site].name, findings);
    look_at_clock(findings);
  }
  if (config.network.link != LinkKind::mpi) look_at_way(config, site, findings);
  look_at_room(config, folder, parameters, findings);
}

}  // namespace asyndgan::program
