// SPDX-License-Identifier: Apache-2.0
#include "link/mailbox.hpp"

#include <utility>

#include "asyndgan/core/error.hpp"
#include "link/little_endian.hpp"

namespace asyndgan::transport::net {
namespace {

std::string text(std::chrono::milliseconds limit) { return std::to_string(limit.count()) + " ms"; }

std::string gone(const std::string& label, const std::string& reason) {
  return label + " is gone: " + reason;
}

}  // namespace

Outgoing::Outgoing(std::span<const std::byte> message) {
  put(message.size(), std::span(first).first(8));
  const std::size_t copied = std::min(message.size(), kFirst - 8);
  std::copy_n(message.begin(), copied, first.begin() + 8);
  first_size = 8 + copied;
  rest = message.subspan(copied);
}

std::span<const std::byte> Outgoing::next() const {
  if (written < first_size) return std::span(first).first(first_size).subspan(written);
  const auto left = rest.subspan(written - first_size);
  return left.first(std::min(left.size(), kSlice));
}

Mailbox::Mailbox(Peer first, std::vector<std::string> labels, const NetworkOptions& options,
                 Returns returns)
    : first_(first), options_(options), returns_(returns), seats_(labels.size()) {
  for (std::size_t i = 0; i < labels.size(); ++i) seats_[i].label = std::move(labels[i]);
}

// What callers do.

void Mailbox::send(Peer peer, std::span<const std::byte> message) {
  if (message.empty()) throw ContractViolation("send: empty message");
  Outgoing out(message);
  Lock lock(mutex_);
  Seat& seat = at(peer);
  require_open();
  settle(seat);
  refuse_if_ended(seat);
  await_line(seat, lock);
  seat.outgoing = &out;
  seat.line->wake_writer();
  await_written(seat, out, lock);
  if (out.done()) return;
  require_open();
  refuse_if_ended(seat);
  throw TransportError(gone(seat.label, "the connection ended"));
}

void Mailbox::await_line(Seat& seat, Lock& lock) const {
  const bool decided = seat.changed.wait_for(lock, options_.patience, [&] {
    return closed_ || seat.line != nullptr || !seat.gone.empty();
  });
  require_open();
  if (!decided) throw TransportTimeout(seat.label + " did not come for " + text(options_.patience));
  refuse_if_ended(seat);
}

// Returns when it is written, the connection has ended or the own side was closed.
void Mailbox::await_written(Seat& seat, Outgoing& out, Lock& lock) {
  const auto settled = [&] { return out.done() || out.failed || closed_; };
  for (std::size_t before = 0; !seat.changed.wait_for(lock, options_.patience, settled);) {
    if (out.written != before) {
      before = out.written;
      continue;
    }
    out.leaving = true;
    seat.changed.wait(lock, [&] { return !out.busy; });
    if (settled()) break;
    drop_outgoing(seat);
    const std::string reason = "took no byte for " + text(options_.patience);
    if (out.begun) {  // what was begun cannot be taken back
      seat.broken = "it " + reason;
      seat.line->cut(seat.broken);
    }
    throw TransportTimeout(seat.label + " " + reason);
  }
  if (out.done() || out.failed) return;
  out.leaving = true;
  seat.changed.wait(lock, [&] { return !out.busy; });
  if (seat.outgoing == &out) seat.outgoing = nullptr;
}

std::vector<std::byte> Mailbox::receive(Peer peer, std::chrono::milliseconds limit) {
  Lock lock(mutex_);
  Seat& seat = at(peer);
  settle(seat);
  const bool decided = seat.changed.wait_for(
      lock, limit, [&] { return closed_ || !seat.entries.empty() || !seat.gone.empty(); });
  require_open();
  if (!decided) throw TransportTimeout(seat.label + " did not answer within " + text(limit));
  if (!seat.entries.empty() && !seat.entries.front().end()) return take(seat);
  if (seat.entries.empty()) throw TransportError(gone(seat.label, seat.gone));
  seat.entries.front().told = true;
  throw TransportError(gone(seat.label, seat.entries.front().reason));
}

Arrival Mailbox::receive_any(std::chrono::milliseconds limit) {
  Lock lock(mutex_);
  Seat* seat = nullptr;
  const bool decided = any_.wait_for(lock, limit, [&] {
    seat = closed_ ? nullptr : next_ready();
    return closed_ || seat != nullptr || !anybody_left();
  });
  require_open();
  if (!decided) throw TransportTimeout("no peer sent anything within " + text(limit));
  if (seat == nullptr) throw TransportError("every peer is gone");
  Peer peer = first_;
  while (&at(peer) != seat) ++peer;
  last_served_ = static_cast<std::size_t>(peer - first_);
  return {peer, take(*seat)};
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (Seat& seat : seats_) {
    seat.entries.clear();  // nobody will read them
    seat.changed.notify_all();
    if (seat.line) seat.line->wake_reader();
  }
  any_.notify_all();
}

// What the io thread does.

std::shared_ptr<Line> Mailbox::opened(std::shared_ptr<Line> line) {
  const std::lock_guard lock(mutex_);
  Seat& seat = at(line->peer());
  if (seat.line) finish(seat, "a newer connection from " + line->address() + " took its place");
  seat.gone.clear();
  std::swap(seat.line, line);
  seat.changed.notify_all();
  return line;
}

void Mailbox::ended(const Line& line, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  Seat* seat = present(line);
  if (seat == nullptr) return;
  finish(*seat, seat->broken.empty() ? reason : seat->broken);
  seat->line = nullptr;
}

void Mailbox::broken(const Line& line, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  Seat* seat = present(line);
  if (seat == nullptr) return;
  seat->broken = reason;
  drop_outgoing(*seat);
}

void Mailbox::require_length(std::uint64_t length) const {
  if (length <= options_.largest_message) return;
  throw TransportError("it announced a message of " + std::to_string(length) + " bytes, at most " +
                       std::to_string(options_.largest_message) + " are taken here");
}

bool Mailbox::has_room(const Line& line) const {
  const std::lock_guard lock(mutex_);
  const Seat* seat = present(line);
  return closed_ || seat == nullptr || waiting(*seat) < options_.capacity;
}

void Mailbox::deliver(const Line& line, std::vector<std::byte> message) {
  const std::lock_guard lock(mutex_);
  Seat* seat = present(line);
  if (closed_ || seat == nullptr) return;
  seat->entries.push_back({std::move(message)});
  seat->changed.notify_all();
  any_.notify_all();
}

std::span<const std::byte> Mailbox::next_slice(const Line& line) {
  const std::lock_guard lock(mutex_);
  Seat* seat = present(line);
  if (closed_ || seat == nullptr) return {};
  if (!seat->broken.empty()) throw TransportError(seat->broken);
  if (seat->outgoing == nullptr) return {};
  seat->outgoing->busy = seat->outgoing->begun = true;
  return seat->outgoing->next();
}

void Mailbox::wrote(const Line& line, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  Seat* seat = present(line);
  if (seat == nullptr || seat->outgoing == nullptr) return;
  Outgoing& out = *seat->outgoing;
  out.written += bytes;
  out.busy = false;
  if (!out.done() && !out.leaving) return;
  if (out.done()) seat->outgoing = nullptr;
  seat->changed.notify_all();
}

// Under the lock.

Mailbox::Seat& Mailbox::at(Peer peer) {
  const auto index = static_cast<std::size_t>(peer - first_);
  if (peer < first_ || index >= seats_.size()) {
    throw ContractViolation("no peer of rank " + std::to_string(peer) + " on this side");
  }
  return seats_[index];
}

Mailbox::Seat* Mailbox::present(const Line& line) {
  Seat& seat = at(line.peer());
  return seat.line.get() == &line ? &seat : nullptr;
}

const Mailbox::Seat* Mailbox::present(const Line& line) const {
  const Seat& seat = seats_[static_cast<std::size_t>(line.peer() - first_)];
  return seat.line.get() == &line ? &seat : nullptr;
}

void Mailbox::require_open() const {
  if (closed_) throw TransportError("this endpoint is closed");
}

std::size_t Mailbox::waiting(const Seat& seat) {
  return static_cast<std::size_t>(std::count_if(seat.entries.begin(), seat.entries.end(),
                                                [](const Entry& entry) { return !entry.end(); }));
}

// Forgets connections whose end was told, once there is a newer one.
void Mailbox::settle(Seat& seat) {
  const auto told = std::find_if(seat.entries.rbegin(), seat.entries.rend(),
                                 [](const Entry& entry) { return entry.told; });
  if (told == seat.entries.rend()) return;
  if (told == seat.entries.rbegin() && seat.line == nullptr) return;  // none newer
  seat.entries.erase(seat.entries.begin(), told.base());
  if (seat.line) seat.line->wake_reader();
}

// The present connection is over. Of one that brought nothing after an end that nobody was told
// yet, nothing is to be told.
void Mailbox::finish(Seat& seat, const std::string& reason) {
  drop_outgoing(seat);
  if (!closed_ && (seat.entries.empty() || !seat.entries.back().end())) {
    seat.entries.push_back({.message = {}, .reason = reason, .told = seat.told_broken});
  }
  seat.gone = reason;
  seat.broken.clear();
  seat.told_broken = false;
  seat.changed.notify_all();
  any_.notify_all();
}

void Mailbox::drop_outgoing(Seat& seat) {
  if (seat.outgoing == nullptr) return;
  seat.outgoing->failed = true;
  seat.outgoing->busy = false;
  seat.outgoing = nullptr;
  seat.changed.notify_all();
}

void Mailbox::refuse_if_ended(Seat& seat) const {
  for (Entry& entry : seat.entries) {
    if (!entry.end()) continue;
    entry.told = true;
    throw TransportError(gone(seat.label, entry.reason));
  }
  if (!seat.gone.empty()) throw TransportError(gone(seat.label, seat.gone));
  if (seat.broken.empty()) return;
  seat.told_broken = true;
  throw TransportError(gone(seat.label, seat.broken));
}

// The first entry: a message, or, empty, an end.
std::vector<std::byte> Mailbox::take(Seat& seat) const {
  const bool full = waiting(seat) >= options_.capacity;
  std::vector<std::byte> message = std::move(seat.entries.front().message);
  seat.entries.pop_front();
  if (full && seat.line) seat.line->wake_reader();
  return message;
}

Mailbox::Seat* Mailbox::next_ready() {
  for (std::size_t i = 1; i <= seats_.size(); ++i) {
    Seat& seat = seats_[(last_served_ + i) % seats_.size()];
    settle(seat);
    if (!seat.entries.empty()) return &seat;
  }
  return nullptr;
}

bool Mailbox::anybody_left() const {
  return returns_ == Returns::yes ||
         std::any_of(seats_.begin(), seats_.end(),
                     [](const Seat& seat) { return seat.gone.empty() || !seat.entries.empty(); });
}

}  // namespace asyndgan::transport::net
