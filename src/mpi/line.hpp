// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mpi.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "link/mailbox.hpp"
#include "mpi/pulse.hpp"

namespace asyndgan::transport::mpi {

/// What moves between this process and one peer: at most one piece each way at a time.
///
/// A message is its length in 8 bytes, then itself, in pieces that are MPI messages: the first of
/// at most net::Outgoing::kFirst bytes, the others of kPiece but for the last. So its size has no
/// bound of MPI's, and memory is taken for it when its length is known.
/// An empty MPI message says that nothing follows. Each end answers it with its own, and takes and
/// forgets what still comes until then, so that no piece is left on its way when MPI is finalised.
///
/// Threads  that of the endpoint, but for what net::Line says.
class Line final : public net::Line {
 public:
  Line(Peer peer, MPI_Comm communicator, net::Mailbox& mailbox, Pulse& pulse);

  /// Where MPI keeps what goes on.
  struct Requests {
    MPI_Request& incoming;
    MPI_Request& outgoing;
  };

  /// Begins what can be begun; true if anything was.
  bool begin(Requests requests);
  /// The incoming piece is there, with so many bytes.
  void received(std::size_t bytes);
  /// MPI cannot go on with this peer.
  void fail(Requests requests, const std::string& reason);
  /// The own side closes: what was sent still goes out.
  void finish() { finishing_ = true; }
  /// Both ends have said that nothing follows.
  [[nodiscard]] bool over() const { return told_end_ && heard_end_; }

  void wake_writer() override { pulse_.wake(); }
  void wake_reader() override { pulse_.wake(); }
  void cut(const std::string& reason) override;

 private:
  /// Each waits until the other end asks MPI again: the more bytes, the fewer waits.
  static constexpr std::size_t kPiece = std::size_t{1} << 20;

  [[nodiscard]] static std::size_t piece_of(std::uint64_t left);
  bool begin_receive(MPI_Request& request);
  bool begin_send(MPI_Request& request);
  void gather_piece();
  void take(std::size_t bytes);
  void open_message(std::size_t bytes);
  void end(const std::string& reason);

  MPI_Comm communicator_;
  net::Mailbox& mailbox_;
  Pulse& pulse_;
  std::array<std::byte, net::Outgoing::kFirst> head_{};  // the first piece of a message
  std::vector<std::byte> message_;  // as far as it has come, and the piece that is to come
  std::uint64_t left_ = 0;          // bytes of it that are to come
  std::vector<std::byte> forgotten_ = std::vector<std::byte>(kPiece);  // what comes after the end
  std::vector<std::byte> leaving_;  // a copy: a caller that gives up takes its bytes with it
  std::uint64_t unsent_ = 0;        // bytes of its message that are to follow
  bool finishing_ = false;
  bool ended_ = false;  // the mailbox knows
  bool told_end_ = false;
  bool heard_end_ = false;
  std::atomic<bool> cut_ = false;
};

}  // namespace asyndgan::transport::mpi
