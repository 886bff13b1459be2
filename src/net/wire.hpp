// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>

#include <cstddef>
#include <vector>

#include "net/certificate_x509.hpp"

namespace asyndgan::transport::net {

/// A socket that never blocks, as OpenSSL writes to it. While gathering, records pile up here,
/// so that eight of them cost one system call; a system's buffer that is full leaves some behind.
class Wire {
 public:
  explicit Wire(int socket) : socket_(socket) {}

  void gather(std::size_t bytes);
  /// Sends what was gathered; false if the socket takes no more for now.
  /// Errors  TransportError with the system's words.
  [[nodiscard]] bool flush();

  /// A BIO over it, which must not outlive it. OpenSSL's own kind raises SIGPIPE.
  [[nodiscard]] BioHandle bio();

 private:
  static int read(BIO* bio, char* bytes, int size);
  static int write(BIO* bio, const char* bytes, int size);
  static BIO_METHOD* method();

  int socket_;
  bool gathering_ = false;
  std::vector<std::byte> records_;
  std::size_t sent_ = 0;  // of them
};

}  // namespace asyndgan::transport::net
