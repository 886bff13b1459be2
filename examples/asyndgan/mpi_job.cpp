// SPDX-License-Identifier: Apache-2.0
#include "mpi_job.hpp"

#include <cstddef>
#include <string>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/mpi.hpp"

namespace asyndgan::program {

NetworkLink join_mpi_job(const RunConfig& config, const std::string& site) {
  auto link = transport::Mpi::open();
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

}  // namespace asyndgan::program
