// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "asyndgan/transport/mpi.hpp"
#include "link/endpoint.hpp"
#include "mpi/line.hpp"
#include "mpi/pulse.hpp"
#include "mpi/star.hpp"

namespace asyndgan::transport::mpi {

/// One end of a star of processes, with the thread that calls MPI from open() to close().
class Endpoint final : public net::Endpoint {
 public:
  /// Throws what Mpi::open() does.
  explicit Endpoint(const MpiOptions& options);
  ~Endpoint() override { close(); }

  [[nodiscard]] net::Mailbox& mailbox() override { return mailbox_; }
  [[nodiscard]] Peer rank() const override { return star_.rank(); }
  [[nodiscard]] std::uint16_t port() const override { return 0; }
  void close() override;

  [[nodiscard]] int sites() const { return star_.sites(); }

 private:
  void run();
  bool poll();
  void complete(std::size_t request, const MPI_Status& status, int code);
  [[nodiscard]] Line::Requests requests_of(std::size_t line);
  [[nodiscard]] bool over() const;

  NetworkOptions options_;
  Star star_;
  net::Mailbox mailbox_;
  Pulse pulse_;
  std::atomic<bool> closing_ = false;

  // Of the thread, once it runs.
  std::vector<std::shared_ptr<Line>> lines_;
  std::vector<MPI_Request> requests_;  // two of each, in the order of Line::Requests
  std::vector<MPI_Status> statuses_;
  std::vector<int> done_;

  std::thread thread_;
};

}  // namespace asyndgan::transport::mpi
