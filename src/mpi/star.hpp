// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "asyndgan/transport/transport.hpp"
#include "mpi/job.hpp"

namespace asyndgan::transport::mpi {

/// The job as a centre and its sites.
///
/// Errors  those of Mpi::open().
class Star {
 public:
  Star();

  [[nodiscard]] MPI_Comm communicator() const { return job_.communicator(); }
  [[nodiscard]] Peer rank() const { return job_.rank(); }
  [[nodiscard]] int sites() const { return job_.size() - 1; }

 private:
  Job job_;
};

}  // namespace asyndgan::transport::mpi
