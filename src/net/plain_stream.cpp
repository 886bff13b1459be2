// SPDX-License-Identifier: Apache-2.0
#include "net/plain_stream.hpp"

#include <sys/socket.h>

#include "net/socket.hpp"

namespace asyndgan::transport::net {
namespace {

class PlainStream : public Stream {
 public:
  explicit PlainStream(int socket) : socket_(socket) {}

  Progress handshake() override { return {}; }
  Progress read_some(std::span<std::byte> bytes) override { return socket_read(socket_, bytes); }
  Progress write_some(std::span<const std::byte> bytes) override {
    return socket_write(socket_, bytes);
  }
  void finish() override { (void)::shutdown(socket_, SHUT_WR); }
  [[nodiscard]] std::optional<std::string> proved_name() const override { return std::nullopt; }

 private:
  int socket_;
};

class Plain : public Security {
 public:
  [[nodiscard]] std::unique_ptr<Stream> open(int socket) override {
    return std::make_unique<PlainStream>(socket);
  }
  [[nodiscard]] bool proves_names() const override { return false; }
  void refresh() override {}
  [[nodiscard]] std::optional<std::string> objection(const Stream&) const override {
    return std::nullopt;
  }
};

}  // namespace

std::unique_ptr<Security> plain() { return std::make_unique<Plain>(); }

}  // namespace asyndgan::transport::net
