// SPDX-License-Identifier: Apache-2.0
#include "mpi/star.hpp"

#include "asyndgan/core/error.hpp"

namespace asyndgan::transport::mpi {

Star::Star() {
  if (sites() > 0) return;
  throw TransportError(
      "the MPI job has one process: start the centre and its sites together by mpirun");
}

}  // namespace asyndgan::transport::mpi
