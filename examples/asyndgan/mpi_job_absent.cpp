// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "asyndgan/core/error.hpp"
#include "mpi_job.hpp"

namespace asyndgan::program {

NetworkLink join_mpi_job(const RunConfig&, const std::string&) {
  throw ConfigError("network.link is \"mpi\", and this program was built without MPI");
}

std::shared_ptr<transport::Group> join_centre(const RunConfig& config) {
  if (config.network.centres.size() <= 1) return std::make_shared<transport::Alone>();
  throw ConfigError(
      "network.centres names several processes, and this program was built without MPI");
}

}  // namespace asyndgan::program
