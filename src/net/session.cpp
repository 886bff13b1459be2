// SPDX-License-Identifier: Apache-2.0
#include "net/session.hpp"

#include <array>
#include <new>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "link/little_endian.hpp"

namespace asyndgan::transport::net {
namespace {

constexpr std::array<std::byte, 8> kHeartbeat{};

// What a coroutine that is over leaves behind.
std::string reason_of(const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const std::bad_alloc&) {
    return "there is no memory for its message";
  } catch (const std::exception& error) {
    return error.what();
  }
  return "it closed the connection";
}

}  // namespace

Session::Session(Peer peer, std::shared_ptr<Connection> connection, Mailbox& mailbox,
                 const NetworkOptions& options, std::function<void(Session&)> on_end)
    : Line(peer, connection->address()),
      connection_(std::move(connection)),
      mailbox_(mailbox),
      options_(options),
      writer_(connection_->executor()),
      reader_(connection_->executor()),
      on_end_(std::move(on_end)) {}

void Session::start() {
  const auto self = shared_from_this();
  asio::co_spawn(connection_->executor(), read(),
                 [self](const std::exception_ptr& failure) { self->end(reason_of(failure)); });
  asio::co_spawn(connection_->executor(), write(), [self](const std::exception_ptr& failure) {
    if (!failure) return self->end("this side closed");
    // The peer may have sent more before it went: the reader finds the end.
    self->mailbox_.broken(*self, reason_of(failure));
    self->connection_->finish();
  });
}

void Session::finish() {
  finishing_ = true;
  last_confirmed_ = Clock::now();
  unconfirmed_ = connection_->unconfirmed();
  writer_.cancel();
}

void Session::end(const std::string& reason) {
  if (std::exchange(ended_, true)) return;
  const auto self = shared_from_this();
  mailbox_.ended(*this, reason);
  connection_->close(reason);
  writer_.cancel();
  reader_.cancel();
  on_end_(*this);
}

void Session::judge(Clock::time_point now) {
  const auto silence = options_.timeouts().silence();
  if (finishing_) {
    const std::size_t left = connection_->unconfirmed();
    if (left != unconfirmed_) last_confirmed_ = now;
    unconfirmed_ = left;
    if (now - last_confirmed_ > silence) end("it takes nothing any more");
  } else if (!held_back_ && now - connection_->last_read() > silence) {
    connection_->reset_on_close();
    end("it was silent for " + std::to_string(silence.count()) + " ms");
  }
}

void Session::wake_writer() {
  asio::post(connection_->executor(), [self = shared_from_this()] { self->writer_.cancel(); });
}

void Session::wake_reader() {
  asio::post(connection_->executor(), [self = shared_from_this()] { self->reader_.cancel(); });
}

void Session::cut(const std::string& reason) {
  asio::post(connection_->executor(), [self = shared_from_this(), reason] { self->end(reason); });
}

awaitable<void> Session::read() {
  std::array<std::byte, 8> header;
  for (;;) {
    const bool more = co_await connection_->read(header);
    if (!more) co_return;
    const std::uint64_t length = get(header);
    if (length == 0) continue;
    mailbox_.require_length(length);
    co_await room();
    auto message = co_await connection_->read_message(static_cast<std::size_t>(length));
    mailbox_.deliver(*this, std::move(message));
  }
}

// While nobody takes its messages, a peer is not judged by its silence: nothing is read.
awaitable<void> Session::room() {
  error_code ignored;
  while (!mailbox_.has_room(*this)) {
    held_back_ = true;
    reader_.expires_at(Clock::time_point::max());
    co_await reader_.async_wait(resume_with(ignored));
  }
  if (std::exchange(held_back_, false)) connection_->heard();
}

awaitable<void> Session::write() {
  error_code ignored;
  Progress progress;
  while (connection_->open()) {
    const auto slice = mailbox_.next_slice(*this);
    if (!slice.empty() || progress.want != Want::nothing) {
      progress = connection_->write_some(slice);
      mailbox_.wrote(*this, progress.bytes);
      co_await connection_->after(progress);
      continue;
    }
    if (finishing_) break;
    const auto due = connection_->last_write() + options_.heartbeat;
    if (Clock::now() >= due) {
      co_await connection_->write(kHeartbeat);
      continue;
    }
    writer_.expires_at(due);
    co_await writer_.async_wait(resume_with(ignored));
  }
  co_await connection_->flush();
}

}  // namespace asyndgan::transport::net
