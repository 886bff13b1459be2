// SPDX-License-Identifier: Apache-2.0
#include "net/wire.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <span>

#include "net/socket.hpp"

namespace asyndgan::transport::net {
namespace {

bool try_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

long control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default:
      return 0;
  }
}

}  // namespace

void Wire::gather(std::size_t bytes) {
  gathering_ = true;
  records_.reserve(bytes + bytes / 64 + 64);  // and what TLS adds
}

bool Wire::flush() {
  gathering_ = false;
  while (sent_ < records_.size()) {
    const Progress progress = socket_write(socket_, std::span(records_).subspan(sent_));
    if (progress.want != Want::nothing) return false;
    sent_ += progress.bytes;
  }
  records_ = {};  // an idle connection holds no memory
  sent_ = 0;
  return true;
}

BioHandle Wire::bio() {
  BioHandle made(BIO_new(method()));
  BIO_set_data(made.get(), this);
  BIO_set_init(made.get(), 1);
  return made;
}

int Wire::read(BIO* bio, char* bytes, int size) {
  const auto& self = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto count = ::recv(self.socket_, bytes, static_cast<std::size_t>(size), 0);
  if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  if (count < 0 && try_again()) BIO_set_retry_read(bio);
  return static_cast<int>(count);
}

int Wire::write(BIO* bio, const char* bytes, int size) {
  auto& self = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (self.gathering_ || !self.records_.empty()) {  // in order, behind what was left
    const auto* begin = reinterpret_cast<const std::byte*>(bytes);
    self.records_.insert(self.records_.end(), begin, begin + size);
    return size;
  }
  const auto count = ::send(self.socket_, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (count < 0 && try_again()) BIO_set_retry_write(bio);
  return static_cast<int>(count);
}

BIO_METHOD* Wire::method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* kind = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    BIO_meth_set_read(kind, read);
    BIO_meth_set_write(kind, write);
    BIO_meth_set_ctrl(kind, control);
    return kind;
  }();
  return made;
}

}  // namespace asyndgan::transport::net
