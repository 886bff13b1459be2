// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/error.hpp"
#include "mpi_job.hpp"

namespace asyndgan::program {

NetworkLink join_mpi_job(const RunConfig&, const std::string&) {
  throw ConfigError("network.link is \"mpi\", and this program was built without MPI");
}

}  // namespace asyndgan::program
