// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/transport/mpi_group.hpp"
#include "mpi/job.hpp"
#include "mpi/pulse.hpp"

namespace asyndgan::transport {
namespace mpi {
namespace {

/// Every call is a meeting, where all say what they are about to give, or that they leave; then
/// the bytes, by MPI's own waits: all are there.
class MpiGroup final : public Group {
 public:
  MpiGroup() = default;
  MpiGroup(const MpiGroup&) = delete;
  MpiGroup& operator=(const MpiGroup&) = delete;
  ~MpiGroup() override { leave("it has ended"); }

  [[nodiscard]] int rank() const override { return job_.rank(); }
  [[nodiscard]] int size() const override { return job_.size(); }

  [[nodiscard]] std::vector<std::vector<std::byte>> gather(
      std::span<const std::byte> own) override {
    const auto sizes = meet(own.size());
    std::vector<std::vector<std::byte>> all;
    for (int root = 0; root < size(); ++root) {
      auto& part = all.emplace_back(sizes[static_cast<std::size_t>(root)]);
      if (root == rank()) std::copy(own.begin(), own.end(), part.begin());
      broadcast(part, root);
    }
    return all;
  }

  // Each rank adds up a share of the numbers, in the order of the ranks. MPI_Allreduce promises
  // no order.
  void sum(std::span<double> values) override {
    const auto sizes = meet(values.size());
    if (std::any_of(sizes.begin(), sizes.end(), [&](auto n) { return n != values.size(); })) {
      throw ContractViolation("mpi_group: sums of different lengths");
    }
    const auto ranks = static_cast<std::size_t>(size());
    const std::size_t share = (values.size() + ranks - 1) / ranks;
    if (share > INT_MAX) throw ContractViolation("mpi_group: a sum that MPI cannot count");
    const int count = static_cast<int>(share);
    std::vector<double> given(share * ranks);
    std::copy(values.begin(), values.end(), given.begin());
    std::vector<double> came(given.size());
    require(MPI_Alltoall(given.data(), count, MPI_DOUBLE, came.data(), count, MPI_DOUBLE,
                         job_.communicator()));
    for (std::size_t r = 1; r < ranks; ++r) {
      for (std::size_t i = 0; i < share; ++i) came[i] += came[r * share + i];
    }
    require(MPI_Allgather(came.data(), count, MPI_DOUBLE, given.data(), count, MPI_DOUBLE,
                          job_.communicator()));
    std::copy_n(given.begin(), values.size(), values.begin());
  }

  void leave(const std::string& reason) noexcept override {
    if (!over_.empty()) return;
    try {
      over_ = has_left(rank(), reason);
      (void)tell_reasons(exchange({.leaves = 1, .size = over_.size()}));
    } catch (const std::exception&) {  // MPI is at its end, and so are the others
    }
  }

 private:
  struct Word {
    std::uint64_t leaves = 0;  // 1: it makes no more calls
    std::uint64_t size = 0;    // of what it gives, or of its reason to leave
  };

  /// What each rank is about to give. Throws TransportError where one leaves.
  [[nodiscard]] std::vector<std::size_t> meet(std::size_t own) {
    if (!over_.empty()) throw TransportError(over_);
    const auto words = exchange({.size = own});
    over_ = tell_reasons(words);
    if (!over_.empty()) throw TransportError(over_);
    std::vector<std::size_t> sizes;
    sizes.reserve(words.size());
    for (const Word& word : words) sizes.push_back(word.size);
    return sizes;
  }

  /// Waits for all, by the pulse.
  [[nodiscard]] std::vector<Word> exchange(const Word& own) {
    std::vector<Word> words(static_cast<std::size_t>(size()));
    MPI_Request request = MPI_REQUEST_NULL;
    require(MPI_Iallgather(&own, sizeof own, MPI_BYTE, words.data(), sizeof own, MPI_BYTE,
                           job_.communicator(), &request));
    int done = 0;
    pulse_.wait(/*moved=*/true);
    for (;;) {
      require(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
      if (done != 0) return words;
      pulse_.wait(/*moved=*/false);
    }
  }

  /// Why the first of those who leave does; empty where nobody does.
  [[nodiscard]] std::string tell_reasons(const std::vector<Word>& words) {
    std::string first;
    for (int root = 0; root < size(); ++root) {
      const Word& word = words[static_cast<std::size_t>(root)];
      if (word.leaves == 0) continue;
      std::string reason = root == rank() ? over_ : std::string(word.size, ' ');
      broadcast(std::as_writable_bytes(std::span(reason)), root);
      if (first.empty()) first = reason;
    }
    return first;
  }

  void broadcast(std::span<std::byte> bytes, int root) const {
    while (!bytes.empty()) {
      const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), INT_MAX));
      require(MPI_Bcast(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, root,
                        job_.communicator()));
      bytes = bytes.subspan(piece.size());
    }
  }

  Job job_;
  Pulse pulse_;
  std::string over_ = {};  // why no call follows
};

}  // namespace
}  // namespace mpi

std::shared_ptr<Group> mpi_group() { return std::make_shared<mpi::MpiGroup>(); }

}  // namespace asyndgan::transport
