// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "asyndgan/transport/network_link.hpp"
#include "asyndgan/transport/timeouts.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::transport {

struct MpiOptions {
  /// Bytes of one message. A longer one ends the talk with its sender before any memory is taken
  /// for it.
  std::size_t largest_message = std::size_t{1} << 30;

  /// Messages that wait here for receive(), of each peer; then the peer is held back.
  std::size_t capacity = 8;

  /// How long send() waits for a peer to take a byte.
  std::chrono::milliseconds patience = Timeouts{}.patience;
};

/// Processes of one MPI job, on a trusted cluster: nothing is encrypted, and a site is who its
/// place in the job says. Bodies in asyndgan::mpi.
///
///   // mpirun --bind-to none -np 1 centre : -np 3 site
///   Mpi link = Mpi::open();  // rank 0 is the centre, rank 1, 2, ... are the sites
///
/// The processes are fixed: none joins later, one that closed does not come back, and MPI ends
/// the whole job when one of them dies; that one hangs shows in the callers' time-outs alone.
/// Where sites may come and go, use Tcp or Tls.
///
/// Requires  one end at a time in a process; before its main() ends it is destroyed.
/// Ensures   the concept's promises. close() waits until the peers have taken what was sent.
///           A process that opened an end waits at its exit until all others exit too, as
///           MPI_Finalize does, unless the program has initialised MPI itself.
/// Errors    those of the concept. A send() that gives up in mid-message ends the talk with that
///           peer. What MPI reports becomes a TransportError with MPI's words.
/// Threads   as the concept says. One thread of its own moves the bytes, whatever the callers
///           compute; MPI is initialised with MPI_THREAD_SERIALIZED, by the thread that runs
///           main(), and then has that one caller. A program that uses MPI too initialises it
///           first, with MPI_THREAD_MULTIPLE.
class Mpi : public NetworkLink {
 public:
  /// Returns once every process of the job has called it.
  ///
  /// Throws ContractViolation for options out of range, a second end, or a program that has
  /// initialised MPI with less than MPI_THREAD_MULTIPLE; TransportError for a job of one process,
  /// as of a program that was not started by mpirun, or an MPI that was finalised.
  [[nodiscard]] static Mpi open() { return open(MpiOptions{}); }
  [[nodiscard]] static Mpi open(const MpiOptions& options);

  /// Of the job, with or without those that are gone.
  [[nodiscard]] int sites() const { return sites_; }

 private:
  Mpi(std::unique_ptr<net::Endpoint> endpoint, int sites);

  int sites_;
};
static_assert(Transport<Mpi>);

}  // namespace asyndgan::transport
