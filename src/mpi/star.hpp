// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mpi.h>

#include <string>

#include "asyndgan/transport/transport.hpp"

namespace asyndgan::transport::mpi {

/// All processes of the job with a communicator of their own, so that messages of the program, or
/// of an earlier end, are never taken for ours. Initialises MPI if nobody has, and then finalises
/// it when the process ends.
///
/// Errors  those of Mpi::open().
class Star {
 public:
  Star();
  Star(const Star&) = delete;
  Star& operator=(const Star&) = delete;
  ~Star();

  [[nodiscard]] MPI_Comm communicator() const { return communicator_; }
  [[nodiscard]] Peer rank() const { return rank_; }
  [[nodiscard]] int sites() const { return sites_; }

 private:
  MPI_Comm communicator_ = MPI_COMM_NULL;
  Peer rank_ = 0;
  int sites_ = 0;
};

/// MPI's words for an error.
[[nodiscard]] std::string text(int code);

/// Throws TransportError unless `code` is MPI_SUCCESS.
void require(int code);

}  // namespace asyndgan::transport::mpi
