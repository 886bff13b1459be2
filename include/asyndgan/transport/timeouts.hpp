// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace asyndgan::transport {

/// Every time-out of a network: two that may be set, and what follows from them. What each is for,
/// and what happens when it runs out, is in docs/operations.md.
///
/// A deadline that is part of what a run computes (a quorum's) or of how long its owner will wait
/// for it (the grace) is none of these. Nor are the intervals at which something is looked at.
struct Timeouts {
  using Duration = std::chrono::milliseconds;

  Duration heartbeat = std::chrono::seconds(5);  // how soon a silent peer is missed
  Duration patience = std::chrono::minutes(1);   // how long a peer that is there may take

  /// A peer without a byte for so long is gone: two heartbeats, and half of one for the way.
  [[nodiscard]] constexpr Duration silence() const { return heartbeat * 5 / 2; }

  /// To open a connection, and for a stranger to say who it is.
  [[nodiscard]] constexpr Duration greeting() const { return 2 * heartbeat; }

  /// A certificate that was let in is judged anew so often.
  [[nodiscard]] constexpr Duration judgement() const { return 6 * heartbeat; }

  /// Before something that failed is tried again the first time, and the longest that such a
  /// pause grows to: see Backoff.
  [[nodiscard]] constexpr Duration first_pause() const { return heartbeat / 25; }
  [[nodiscard]] constexpr Duration longest_pause() const { return heartbeat; }

  /// For a whole request to the status page: its clients are on the same machine.
  [[nodiscard]] constexpr Duration page() const { return heartbeat; }

  /// For a site or the centre to do its part of a step, which is work and not only a line.
  [[nodiscard]] constexpr Duration answer() const { return 10 * patience; }
};

}  // namespace asyndgan::transport
