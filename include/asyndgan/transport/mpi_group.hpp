// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "asyndgan/transport/group.hpp"

namespace asyndgan::transport {

/// All processes of an MPI job as a Group; of a program that mpirun did not start, that one alone.
/// Bodies in asyndgan::mpi.
///
/// A process that waits for the others sleeps in between, for an eighth of the time that it has
/// waited and 1 ms at most. If one dies, MPI ends the job.
///
/// Requires  no transport::Mpi in the process meanwhile; all calls by the thread that runs main(),
///           before whose end the group is destroyed.
/// Ensures   a sum takes 2 (N - 1) / N times its bytes each way at each of N processes, the least
///           there is.
/// Errors    those of Group; of Mpi::open(). What MPI reports becomes a TransportError.
[[nodiscard]] std::shared_ptr<Group> mpi_group();

}  // namespace asyndgan::transport
