// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace asyndgan::transport::net {

/// What a step on a stream that never blocks has to wait for before it is tried again.
enum class Want { nothing, readable, writable };

struct Progress {
  std::size_t bytes = 0;
  Want want = Want::nothing;
  bool ended = false;  // the other end closed, and everything it sent was read
};

/// Bytes over a connected socket that never blocks: as they are, or through TLS.
///
/// Errors   TransportError once the connection is lost or the handshake is refused.
/// Threads  that of the endpoint.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /// Again and again, until it wants nothing.
  virtual Progress handshake() = 0;
  virtual Progress read_some(std::span<std::byte> bytes) = 0;
  /// May take bytes and still want to wait; it is called again until it wants nothing, with the
  /// bytes that follow or with none.
  virtual Progress write_some(std::span<const std::byte> bytes) = 0;
  /// Tells the other end that nothing follows.
  virtual void finish() = 0;

  /// The name that the other end proved to have; nothing where the stream proves none.
  [[nodiscard]] virtual std::optional<std::string> proved_name() const = 0;
};

/// Makes the streams of one endpoint.
class Security {
 public:
  Security() = default;
  Security(const Security&) = delete;
  Security& operator=(const Security&) = delete;
  virtual ~Security() = default;

  /// Whether a peer's name is proved, so that it need not claim one.
  [[nodiscard]] virtual bool proves_names() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Stream> open(int socket) = 0;

  /// Reads again what may have changed.
  virtual void refresh() = 0;
  /// Why a stream that was once let in no longer is, by what the last refresh() found.
  [[nodiscard]] virtual std::optional<std::string> objection(const Stream& stream) const = 0;
};

}  // namespace asyndgan::transport::net
