// SPDX-License-Identifier: Apache-2.0
#include "net/connection.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "net/socket.hpp"

namespace asyndgan::transport::net {
namespace {

constexpr std::size_t kTurn = std::size_t{1} << 20;   // bytes, 0.5 ms of plain TCP
constexpr std::size_t kPiece = std::size_t{1} << 16;  // still in cache when it is filled again
constexpr auto kFlushPoll = std::chrono::milliseconds(1);

}  // namespace

Connection::Connection(tcp::socket socket, const tcp::endpoint& peer, Security& security)
    : socket_(std::move(socket)), address_(text(peer)) {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);  // else each message waits for the last's ACK
  socket_.native_non_blocking(true, ignored);
  stream_ = security.open(socket_.native_handle());
}

awaitable<void> Connection::handshake() {
  for (;;) {
    require_open();
    const Progress progress = stream_->handshake();
    if (progress.want == Want::nothing) break;
    co_await after(progress);
  }
  heard();
}

awaitable<bool> Connection::read(std::span<std::byte> bytes) {
  for (std::size_t got = 0; got < bytes.size();) {
    require_open();
    const Progress progress = stream_->read_some(bytes.subspan(got));
    if (progress.ended && got == 0) co_return false;
    if (progress.ended) throw TransportError("it closed the connection in mid-message");
    if (progress.bytes > 0) heard();
    got += progress.bytes;
    co_await after(progress);
  }
  co_return true;
}

awaitable<std::vector<std::byte>> Connection::read_message(std::size_t size) {
  std::vector<std::byte> message;
  message.reserve(size);
  while (message.size() < size) {
    const std::size_t begin = message.size();
    message.resize(std::min(size, begin + kPiece));
    const bool more = co_await read(std::span(message).subspan(begin));
    if (!more) throw TransportError("it closed the connection in mid-message");
  }
  co_return message;
}

awaitable<void> Connection::write(std::span<const std::byte> bytes) {
  Progress progress;
  while (!bytes.empty() || progress.want != Want::nothing) {
    progress = write_some(bytes);
    bytes = bytes.subspan(progress.bytes);
    co_await after(progress);
  }
}

Progress Connection::write_some(std::span<const std::byte> bytes) {
  require_open();
  const Progress progress = stream_->write_some(bytes);
  if (progress.bytes > 0) last_write_ = Clock::now();
  return progress;
}

awaitable<void> Connection::after(Progress progress) {
  error_code ignored;  // the next step sees what is wrong
  if (progress.want == Want::readable) {
    co_await socket_.async_wait(tcp::socket::wait_read, resume_with(ignored));
  } else if (progress.want == Want::writable) {
    co_await socket_.async_wait(tcp::socket::wait_write, resume_with(ignored));
  } else if ((turn_ += progress.bytes) >= kTurn) {
    turn_ = 0;
    co_await asio::post(socket_.get_executor(), asio::use_awaitable);
  }
}

awaitable<Greeting> Connection::read_greeting() {
  std::array<std::byte, kGreetingHeader> bytes;
  bool more = co_await read(bytes);
  if (!more) throw TransportError("it closed the connection without a greeting");
  const GreetingHeader header = decode_greeting(bytes);
  std::vector<std::byte> letters(header.text);
  more = co_await read(letters);
  if (!more) throw TransportError("it closed the connection in its greeting");
  Greeting greeting{.number = header.number, .text = {}};
  for (const std::byte letter : letters) greeting.text += static_cast<char>(letter);
  co_return greeting;
}

awaitable<void> Connection::write_greeting(Peer number, std::string text) {
  const auto bytes = encode({number, std::move(text)});
  co_await write(bytes);
}

awaitable<void> Connection::flush() {
  finish();
  asio::steady_timer poll(socket_.get_executor());
  error_code ignored;
  while (open() && unconfirmed() > 0) {
    poll.expires_after(kFlushPoll);
    co_await poll.async_wait(resume_with(ignored));
  }
}

awaitable<void> Connection::part() {
  finish();
  error_code broken;
  std::array<std::byte, 4096> ignored;
  while (open() && !broken) {
    const auto count = socket_.read_some(asio::buffer(ignored), broken);
    if (broken == asio::error::would_block) {
      co_await socket_.async_wait(tcp::socket::wait_read, resume_with(broken));
    } else if (count == 0) {
      break;
    }
  }
}

void Connection::finish() noexcept {
  if (open()) stream_->finish();
}

std::size_t Connection::unconfirmed() {
  return open() ? net::unconfirmed(socket_.native_handle()) : 0;
}

void Connection::close(const std::string& reason) {
  if (!open()) return;
  reason_ = reason;
  error_code ignored;
  socket_.close(ignored);  // who waits on it resumes
}

void Connection::reset_on_close() noexcept {
  error_code ignored;
  socket_.set_option(tcp::socket::linger(true, 0), ignored);
}

std::shared_ptr<asio::steady_timer> Connection::close_after(Clock::duration limit,
                                                            std::string reason) {
  auto timer = std::make_shared<asio::steady_timer>(socket_.get_executor(), limit);
  timer->async_wait([weak = weak_from_this(), reason = std::move(reason)](error_code cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self) self->close(reason);
  });
  return timer;
}

void Connection::require_open() const {
  if (!open()) throw TransportError(reason_);
}

}  // namespace asyndgan::transport::net
