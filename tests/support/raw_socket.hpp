// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace asyndgan::test {

/// A plain socket of 127.0.0.1, for clients that break the rules.
class RawSocket {
 public:
  explicit RawSocket(int handle) : handle_(handle) {}
  RawSocket(RawSocket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  RawSocket& operator=(RawSocket&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~RawSocket() {
    if (handle_ >= 0) ::close(handle_);
  }

  [[nodiscard]] static RawSocket unconnected() {
    return RawSocket(::socket(AF_INET, SOCK_STREAM, 0));
  }
  [[nodiscard]] static RawSocket connect(std::uint16_t port) {
    RawSocket made = unconnected();
    made.connect_to(port);
    return made;
  }
  void connect_to(std::uint16_t port) const {
    const sockaddr_in address = loopback(port);
    if (::connect(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("raw socket: cannot connect");
    }
  }
  [[nodiscard]] static RawSocket listen() {
    RawSocket made = unconnected();
    const sockaddr_in address = loopback(0);
    if (::bind(made.handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(made.handle_, 16) != 0) {
      throw std::runtime_error("raw socket: cannot listen");
    }
    return made;
  }
  [[nodiscard]] RawSocket accept() const { return RawSocket(::accept(handle_, nullptr, nullptr)); }
  [[nodiscard]] std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(handle_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  bool write(const std::string& bytes) const {
    return ::send(handle_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  /// What arrives until the other end closes or `limit` is over; `closed` tells which.
  struct Heard {
    std::string bytes;
    bool closed = false;
  };
  [[nodiscard]] Heard read(std::chrono::milliseconds limit, std::size_t most = SIZE_MAX) const {
    Heard heard;
    const auto until = std::chrono::steady_clock::now() + limit;
    while (heard.bytes.size() < most && !heard.closed && readable(until)) {
      const Heard next = read_some(most - heard.bytes.size());
      heard.bytes += next.bytes;
      heard.closed = next.closed;
    }
    return heard;
  }
  /// What is there, once something is.
  [[nodiscard]] Heard read_some(std::size_t most) const {
    std::string bytes(std::min<std::size_t>(most, 65536), '\0');
    const auto count = ::recv(handle_, bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return {.bytes = bytes, .closed = count <= 0};
  }
  /// Closes with a reset, as a machine does that lost its power and came back.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(handle_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(handle_, -1));
  }
  [[nodiscard]] int handle() const { return handle_; }

 private:
  [[nodiscard]] static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  [[nodiscard]] bool readable(std::chrono::steady_clock::time_point until) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd wanted{.fd = handle_, .events = POLLIN, .revents = 0};
    return left.count() > 0 && ::poll(&wanted, 1, static_cast<int>(left.count())) == 1;
  }

  int handle_;
};

}  // namespace asyndgan::test
