// SPDX-License-Identifier: Apache-2.0
#include "mpi/job.hpp"

#include <array>
#include <atomic>

#include "asyndgan/core/error.hpp"

namespace asyndgan::transport::mpi {
namespace {

/// MPI, from the first end until the process ends: it cannot be initialised twice.
class Library {
 public:
  Library() {
    int initialised = 0;
    MPI_Initialized(&initialised);
    own_ = initialised == 0;
    int level = MPI_THREAD_SINGLE;
    if (own_) {
      MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level);
    } else {
      MPI_Query_thread(&level);
    }
    if (level >= (own_ ? MPI_THREAD_SERIALIZED : MPI_THREAD_MULTIPLE)) return;
    if (!own_) {
      throw ContractViolation("Mpi: the program has to initialise MPI with MPI_THREAD_MULTIPLE");
    }
    MPI_Finalize();
    throw TransportError("this MPI has no MPI_THREAD_SERIALIZED");
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (own_) MPI_Finalize();
  }

 private:
  bool own_ = false;
};

std::atomic<bool> taken = false;  // by the end of this process

void require_running() {
  int finalised = 0;
  MPI_Finalized(&finalised);
  if (finalised != 0) throw TransportError("MPI was finalised in this process");
  static const Library library;
}

}  // namespace

Job::Job() {
  if (taken.exchange(true)) throw ContractViolation("Mpi: this process has an end already");
  try {
    require_running();
    require(MPI_Comm_dup(MPI_COMM_WORLD, &communicator_));
    MPI_Comm_set_errhandler(communicator_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(communicator_, &rank_);
    MPI_Comm_size(communicator_, &size_);
  } catch (...) {
    taken = false;
    throw;
  }
}

Job::~Job() {
  MPI_Comm_free(&communicator_);
  taken = false;
}

std::string text(int code) {
  std::array<char, MPI_MAX_ERROR_STRING> words{};
  int size = 0;
  MPI_Error_string(code, words.data(), &size);
  return {words.data(), static_cast<std::size_t>(size)};
}

void require(int code) {
  if (code != MPI_SUCCESS) throw TransportError(text(code));
}

}  // namespace asyndgan::transport::mpi
