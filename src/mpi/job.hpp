// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mpi.h>

#include <string>

namespace asyndgan::transport::mpi {

/// All processes of the job with a communicator of their own, so that messages of the program, or
/// of an earlier end, are never taken for ours. Initialises MPI if nobody has, and then finalises
/// it when the process ends.
///
/// Errors  ContractViolation for a second one in a process, or a program that has initialised MPI
///         with less than MPI_THREAD_MULTIPLE; TransportError for an MPI that was finalised.
class Job {
 public:
  Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job();

  [[nodiscard]] MPI_Comm communicator() const { return communicator_; }
  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }

 private:
  MPI_Comm communicator_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 0;
};

/// MPI's words for an error.
[[nodiscard]] std::string text(int code);

/// Throws TransportError unless `code` is MPI_SUCCESS.
void require(int code);

}  // namespace asyndgan::transport::mpi
