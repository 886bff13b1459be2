// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asyndgan/transport/transport.hpp"

/// How a test moves a process of an MPI job: by calls on a socket, one answer to each.
namespace asyndgan::test {

enum class Operation : std::uint32_t { send, receive, receive_any, close, reopen, process, leave };

enum class Outcome : std::uint32_t { done, contract_violation, transport_timeout, transport_error };

struct Call {
  Operation operation{};
  transport::Peer peer = 0;
  std::int64_t limit = 0;  // ms
  std::vector<std::byte> bytes = {};
};

struct Answer {
  Outcome outcome = Outcome::done;
  transport::Peer peer = 0;
  std::vector<std::byte> bytes = {};  // a message, or the words of an error
};

/// A connection of one machine, or the place where such connections are taken.
class CallSocket {
 public:
  CallSocket(CallSocket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  CallSocket& operator=(CallSocket&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~CallSocket() {
    if (handle_ >= 0) ::close(handle_);
  }

  [[nodiscard]] static CallSocket listen(const std::filesystem::path& path) {
    CallSocket made;
    const sockaddr_un address = address_of(path);
    if (::bind(made.handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(made.handle_, 16) != 0) {
      throw std::runtime_error("cannot listen at " + path.string());
    }
    return made;
  }
  /// Waits a minute for it to be there.
  [[nodiscard]] static CallSocket connect(const std::filesystem::path& path) {
    CallSocket made;
    const sockaddr_un address = address_of(path);
    for (int i = 0; i < 6000; ++i) {
      if (::connect(made.handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
          0) {
        return made;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("nobody listens at " + path.string());
  }

  /// Throws once stop() was called.
  [[nodiscard]] CallSocket accept() const {
    return CallSocket(::accept(handle_, nullptr, nullptr));
  }
  void stop() const { ::shutdown(handle_, SHUT_RDWR); }

  void write(const Call& call) const {
    write_all(call.operation, call.peer, call.limit, call.bytes);
  }
  void write(const Answer& answer) const {
    write_all(answer.outcome, answer.peer, 0, answer.bytes);
  }
  /// Both throw when the other end has gone.
  [[nodiscard]] Call read_call() const {
    auto [header, bytes] = read_all();
    return {static_cast<Operation>(header.kind), header.peer, header.limit, std::move(bytes)};
  }
  [[nodiscard]] Answer read_answer() const {
    auto [header, bytes] = read_all();
    return {static_cast<Outcome>(header.kind), header.peer, std::move(bytes)};
  }

 private:
  struct Header {
    std::uint32_t kind = 0;
    std::int32_t peer = 0;
    std::int64_t limit = 0;
    std::uint64_t size = 0;
  };

  CallSocket() : CallSocket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  explicit CallSocket(int handle) : handle_(handle) {
    if (handle_ < 0) throw std::runtime_error("no socket");
  }

  [[nodiscard]] static sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.size() >= sizeof address.sun_path) throw std::runtime_error("too long: " + text);
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    return address;
  }
  template <class Kind>
  void write_all(Kind kind, transport::Peer peer, std::int64_t limit,
                 std::span<const std::byte> bytes) const {
    const Header header{static_cast<std::uint32_t>(kind), peer, limit, bytes.size()};
    write_bytes(std::as_bytes(std::span(&header, 1)));
    write_bytes(bytes);
  }
  [[nodiscard]] std::pair<Header, std::vector<std::byte>> read_all() const {
    Header header;
    read_bytes(std::as_writable_bytes(std::span(&header, 1)));
    std::vector<std::byte> bytes(header.size);
    read_bytes(bytes);
    return {header, std::move(bytes)};
  }
  void write_bytes(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const auto count = ::send(handle_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) throw std::runtime_error("the other end of a call is gone");
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }
  void read_bytes(std::span<std::byte> bytes) const {
    while (!bytes.empty()) {
      const auto count = ::recv(handle_, bytes.data(), bytes.size(), 0);
      if (count <= 0) throw std::runtime_error("the other end of a call is gone");
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

  int handle_;
};

}  // namespace asyndgan::test
