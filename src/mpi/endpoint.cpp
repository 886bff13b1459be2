// SPDX-License-Identifier: Apache-2.0
#include "mpi/endpoint.hpp"

#include <algorithm>
#include <string>

#include "asyndgan/core/error.hpp"

namespace asyndgan::transport::mpi {
namespace {

NetworkOptions checked(const MpiOptions& options) {
  using namespace std::chrono_literals;
  if (options.capacity < 1 || options.largest_message < 1 || options.patience < 1ms) {
    throw ContractViolation(
        "MPI options: room for one message, a largest message of one byte and a patience of 1 ms "
        "are the least");
  }
  return {.largest_message = options.largest_message,
          .capacity = options.capacity,
          .patience = options.patience};
}

std::vector<std::string> labels(const Star& star) {
  if (star.rank() != kCentral) return {"the centre"};
  std::vector<std::string> sites;
  for (Peer site = 1; site <= star.sites(); ++site) sites.push_back("site " + std::to_string(site));
  return sites;
}

}  // namespace

Endpoint::Endpoint(const MpiOptions& options)
    : options_(checked(options)),
      mailbox_(star_.rank() == kCentral ? 1 : kCentral, labels(star_), options_,
               net::Mailbox::Returns::no) {
  const bool centre = rank() == kCentral;
  const Peer last = centre ? sites() : kCentral;
  for (Peer peer = centre ? 1 : kCentral; peer <= last; ++peer) {
    lines_.push_back(std::make_shared<Line>(peer, star_.communicator(), mailbox_, pulse_));
    mailbox_.opened(lines_.back());
  }
  requests_.assign(2 * lines_.size(), MPI_REQUEST_NULL);
  statuses_.resize(requests_.size());
  done_.resize(requests_.size());
  thread_ = std::thread([this] { run(); });
}

void Endpoint::close() {
  if (!thread_.joinable()) return;
  mailbox_.close();
  closing_ = true;
  pulse_.wake();
  thread_.join();
}

void Endpoint::run() {
  Pulse::prepare_thread();
  while (!over()) {
    if (closing_) {
      for (const auto& line : lines_) line->finish();
    }
    pulse_.wait(poll());
  }
}

// Begins what can be begun, and completes what MPI has done meanwhile.
bool Endpoint::poll() {
  bool moved = false;
  for (std::size_t i = 0; i < lines_.size(); ++i) moved |= lines_[i]->begin(requests_of(i));
  int count = 0;
  const int code = MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &count,
                                done_.data(), statuses_.data());
  if (count == MPI_UNDEFINED) return moved;  // nothing is under way
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    complete(static_cast<std::size_t>(done_[i]), statuses_[i],
             code == MPI_ERR_IN_STATUS ? statuses_[i].MPI_ERROR : code);
  }
  return moved || count > 0;
}

void Endpoint::complete(std::size_t request, const MPI_Status& status, int code) {
  Line& line = *lines_[request / 2];
  if (code != MPI_SUCCESS) {
    line.fail(requests_of(request / 2), text(code));
  } else if (request % 2 == 0) {
    int bytes = 0;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    line.received(static_cast<std::size_t>(bytes));
  }
}

Line::Requests Endpoint::requests_of(std::size_t line) {
  return {.incoming = requests_[2 * line], .outgoing = requests_[2 * line + 1]};
}

bool Endpoint::over() const {
  return closing_ &&
         std::all_of(lines_.begin(), lines_.end(), [](const auto& line) { return line->over(); }) &&
         std::all_of(requests_.begin(), requests_.end(),
                     [](MPI_Request request) { return request == MPI_REQUEST_NULL; });
}

}  // namespace asyndgan::transport::mpi
