// SPDX-License-Identifier: Apache-2.0
#include "mpi_job.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/mpi.hpp"
#include "asyndgan/transport/mpi_group.hpp"

namespace asyndgan::program {

NetworkLink join_mpi_job(const RunConfig& config, const std::string& site) {
  auto link = transport::Mpi::open({.patience = timeouts(config).patience});
  const auto& sites = config.data.sites;
  const auto rank = static_cast<std::size_t>(link.rank());
  const std::string expected = rank == 0 || rank > sites.size() ? "" : sites[rank - 1].name;
  if (link.sites() != static_cast<int>(sites.size()) || site != expected) {
    throw ConfigError("process " + std::to_string(rank) + " of " +
                      std::to_string(link.sites() + 1) + " of the MPI job is " +
                      (site.empty() ? "the centre" : "site '" + site + "'") +
                      ": process 0 has to be the centre, 1 to " + std::to_string(sites.size()) +
                      " the sites in the order of data.sites");
  }
  return NetworkLink(std::move(link));
}

std::shared_ptr<transport::Group> join_centre(const RunConfig& config) {
  const std::size_t processes = config.network.centres.size();
  if (processes <= 1) return std::make_shared<transport::Alone>();
  auto group = transport::mpi_group();
  if (group->size() != static_cast<int>(processes)) {
    throw ConfigError("network.centres names " + std::to_string(processes) +
                      " processes, and the centre is of " + std::to_string(group->size()) +
                      ": start it by 'mpirun -n " + std::to_string(processes) +
                      " asyndgan central'");
  }
  return group;
}

}  // namespace asyndgan::program
