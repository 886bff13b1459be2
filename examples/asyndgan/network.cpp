// SPDX-License-Identifier: Apache-2.0
#include "network.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/federation/replicas.hpp"
#include "asyndgan/transport/tcp.hpp"
#include "asyndgan/transport/tls.hpp"
#include "console.hpp"
#include "label_maps.hpp"
#include "mpi_job.hpp"
#include "site_settings.hpp"

namespace asyndgan::program {

namespace {

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(std::llround(1000 * seconds));
}

transport::Tls::Files certificates(const RunConfig& config) {
  const auto& folder = config.network.certificates;
  if (folder.empty()) {
    throw ConfigError(
        "network.certificates is missing: the folder that 'asyndgan provision' made for this "
        "participant (or network.link \"tcp\" on a trusted network)");
  }
  transport::Tls::Files files{.authority = folder / "authority.pem",
                              .certificate = folder / "certificate.pem",
                              .key = folder / "key.pem"};
  if (exists(folder / "revoked.pem")) files.revoked = folder / "revoked.pem";
  return files;
}

transport::NetworkOptions link_options(const RunConfig& config) {
  const auto [heartbeat, patience] = timeouts(config);
  return {.heartbeat = heartbeat, .patience = patience};
}

Place place_of_centre_for(const RunConfig& config, const std::string& site) {
  return place_of_centre(config, centre_of_site(config, site_index(config, site)));
}

transport::Tcp::ConnectOptions tcp_of_site(const RunConfig& config, const std::string& name) {
  const auto [host, port] = place_of_centre_for(config, name);
  return {.host = host, .port = port, .name = name, .network = link_options(config)};
}

transport::Tls::ConnectOptions tls_of_site(const RunConfig& config, const std::string& name) {
  const auto [host, port] = place_of_centre_for(config, name);
  return {.host = host,
          .port = port,
          .files = certificates(config),
          .centre = host,  // what its certificate must be for
          .network = link_options(config)};
}

}  // namespace

transport::Timeouts timeouts(const RunConfig& config) {
  return {.heartbeat = milliseconds(config.network.heartbeat),
          .patience = milliseconds(config.network.patience)};
}

Place place_of_centre(const RunConfig& config, int rank) {
  const auto& network = config.network;
  if (network.centres.empty()) return {network.host, static_cast<std::uint16_t>(network.port)};
  return parse_place(network.centres.at(static_cast<std::size_t>(rank))).value();
}

NetworkLink listen(const RunConfig& config, int rank) {
  if (config.network.link == LinkKind::mpi) return join_mpi_job(config, "");
  const std::uint16_t port = place_of_centre(config, rank).port;
  std::vector<std::string> sites;
  for (const auto& site : config.data.sites) sites.push_back(site.name);
  if (config.network.link == LinkKind::tcp) {
    return NetworkLink(transport::Tcp::listen({.address = config.network.address,
                                               .port = port,
                                               .sites = std::move(sites),
                                               .network = link_options(config)}));
  }
  return NetworkLink(transport::Tls::listen({.address = config.network.address,
                                             .port = port,
                                             .sites = std::move(sites),
                                             .files = certificates(config),
                                             .network = link_options(config)}));
}

NetworkLink connect(const RunConfig& config, const std::string& name) {
  if (config.network.link == LinkKind::mpi) return join_mpi_job(config, name);
  if (config.network.link == LinkKind::tcp) {
    return NetworkLink(transport::Tcp::connect(tcp_of_site(config, name)));
  }
  return NetworkLink(transport::Tls::connect(tls_of_site(config, name)));
}

std::optional<transport::Certificate> visit_centre(const RunConfig& config, LinkKind link,
                                                   const std::string& name) {
  if (link == LinkKind::tls) {
    return transport::Tls::visit(tls_of_site(config, name));
  }
  transport::Tcp::visit(tcp_of_site(config, name));
  return std::nullopt;
}

bool saves_early(const RunConfig& config) { return config.network.link != LinkKind::mpi; }

int centre_of_site(const RunConfig& config, std::size_t site) {
  const int centres = std::max(1, static_cast<int>(config.network.centres.size()));
  int rank = 0;
  while (!federation::block_of(rank, centres, config.data.sites.size()).has(site)) ++rank;
  return rank;
}

std::string meeting_place(const RunConfig& config, int rank) {
  if (config.network.link == LinkKind::mpi) return "rank 0 of the MPI job";
  const auto [host, port] = place_of_centre(config, rank);
  return host + ":" + std::to_string(port);
}

federation::AnySchedule network_schedule(const RunConfig& config) {
  switch (config.network.schedule) {
    case ScheduleKind::quorum:
      return federation::Quorum{.patience = milliseconds(config.network.deadline),
                                .sites = config.network.quorum};
    case ScheduleKind::bounded_staleness:
      return federation::BoundedStaleness{.bound =
                                              static_cast<std::uint64_t>(config.network.staleness)};
    case ScheduleKind::lockstep:
      break;
  }
  return federation::Lockstep{};
}

federation::CentralOptions network_options(const RunConfig& config) {
  auto options = central_options(config);
  for (const auto& site : config.data.sites) options.names.push_back(site.name);
  options.minimum_sites = config.network.minimum_sites;
  options.patience = timeouts(config).answer();
  if (config.network.link != LinkKind::mpi) {  // whose processes cannot come back
    options.grace = milliseconds(config.network.grace);
  }
  options.screening = {config.network.largest_ratio, config.network.strikes};
  options.while_waiting = [] {
    if (interrupted()) throw Interrupted{};
  };
  if (any_site_keeps_label_maps(config)) {
    options.public_label_maps = read_public_label_maps(config).maps;
  }
  return options;
}

}  // namespace asyndgan::program
