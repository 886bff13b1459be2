// SPDX-License-Identifier: Apache-2.0
#include "mpi/line.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <span>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "link/little_endian.hpp"
#include "mpi/star.hpp"

namespace asyndgan::transport::mpi {
namespace {

constexpr int kTag = 0;  // the communicator has no other messages

int count(std::span<const std::byte> piece) { return static_cast<int>(piece.size()); }

}  // namespace

std::size_t Line::piece_of(std::uint64_t left) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(left, kPiece));
}

Line::Line(Peer peer, MPI_Comm communicator, net::Mailbox& mailbox, Pulse& pulse)
    : net::Line(peer, "rank " + std::to_string(peer)),
      communicator_(communicator),
      mailbox_(mailbox),
      pulse_(pulse) {}

bool Line::begin(Requests requests) {
  if (cut_.exchange(false)) end("this side gave up");  // the mailbox knows more
  bool begun = false;
  try {
    if (!heard_end_) begun = begin_receive(requests.incoming);
    if (!told_end_) begun = begin_send(requests.outgoing) || begun;
  } catch (const TransportError& error) {
    fail(requests, error.what());
  }
  return begun;
}

bool Line::begin_receive(MPI_Request& request) {
  if (request != MPI_REQUEST_NULL) return false;
  std::span<std::byte> place = head_;
  if (ended_) {
    place = forgotten_;
  } else if (left_ > 0) {  // memory is touched only as the bytes arrive
    const std::size_t begin = message_.size();
    message_.resize(begin + piece_of(left_));
    place = std::span(message_).subspan(begin);
  } else if (!mailbox_.has_room(*this)) {
    return false;
  }
  require(MPI_Irecv(place.data(), count(place), MPI_BYTE, peer(), kTag, communicator_, &request));
  return true;
}

// Synchronous: of others MPI would take any number that the peer holds back.
bool Line::begin_send(MPI_Request& request) {
  if (request != MPI_REQUEST_NULL) return false;
  leaving_.clear();
  if (!ended_) gather_piece();
  if (ended_) leaving_.clear();
  const bool last = leaving_.empty();
  if (last && !ended_ && !finishing_) return false;
  require(MPI_Issend(leaving_.data(), count(leaving_), MPI_BYTE, peer(), kTag, communicator_,
                     &request));
  told_end_ = last;
  return true;
}

// A whole piece, or nothing if there is none or its message was given up.
void Line::gather_piece() {
  try {
    const bool first = unsent_ == 0;
    const std::size_t wanted = first ? 1 : piece_of(unsent_);
    while (leaving_.size() < wanted) {
      const auto slice = mailbox_.next_slice(*this);
      if (slice.empty()) return leaving_.clear();
      leaving_.insert(leaving_.end(), slice.begin(), slice.end());
      mailbox_.wrote(*this, slice.size());
    }
    if (first) unsent_ = 8 + net::get(std::span(leaving_).first(8));
    unsent_ -= leaving_.size();
  } catch (const std::exception& error) {
    end(error.what());
  }
}

void Line::received(std::size_t bytes) {
  if (bytes == 0) {
    heard_end_ = true;
    end("it closed its end");
  }
  if (ended_) {
    message_ = {};
    return;
  }
  try {
    take(bytes);
  } catch (const std::bad_alloc&) {
    end("there is no memory for its message");
  } catch (const TransportError& error) {
    end(error.what());
  }
}

void Line::take(std::size_t bytes) {
  if (left_ == 0) {
    open_message(bytes);
  } else if (bytes == piece_of(left_)) {
    left_ -= bytes;
  } else {
    throw TransportError("it sent what is no piece of its message");
  }
  if (left_ == 0) mailbox_.deliver(*this, std::exchange(message_, {}));
}

void Line::open_message(std::size_t bytes) {
  const auto first = std::span(head_).first(bytes);
  const std::uint64_t length = net::get(first.first(std::min<std::size_t>(bytes, 8)));
  if (bytes <= 8 || length < bytes - 8) throw TransportError("it sent what is no message of ours");
  mailbox_.require_length(length);
  message_.reserve(static_cast<std::size_t>(length));
  message_.assign(first.begin() + 8, first.end());
  left_ = length - message_.size();
}

void Line::fail(Requests requests, const std::string& reason) {
  told_end_ = heard_end_ = true;
  end(reason);
  if (requests.incoming != MPI_REQUEST_NULL) {
    MPI_Cancel(&requests.incoming);
    MPI_Request_free(&requests.incoming);
  }
  if (requests.outgoing != MPI_REQUEST_NULL) MPI_Request_free(&requests.outgoing);
}

void Line::end(const std::string& reason) {
  if (std::exchange(ended_, true)) return;
  mailbox_.ended(*this, reason);
}

void Line::cut(const std::string&) {
  cut_ = true;
  pulse_.wake();
}

}  // namespace asyndgan::transport::mpi
