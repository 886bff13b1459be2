// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/transport/timeouts.hpp"

namespace asyndgan::transport {

/// How long a site waits before it tries to reach its centre again: twice as long each time up to
/// a cap, and by a random part less, so that a hundred sites do not return in one instant.
///
///   Backoff backoff({.seed = hash_of_my_name});
///   while (!connected) std::this_thread::sleep_for(backoff.next()), connected = try_again();
///   backoff.reset();
class Backoff {
 public:
  struct Options {
    std::chrono::milliseconds base = Timeouts{}.first_pause();
    /// A centre that comes back after a long time has its sites back within this.
    std::chrono::milliseconds cap = Timeouts{}.longest_pause();
    std::uint64_t seed = 0;  // another one for each site
  };

  /// Throws ContractViolation unless 1 ms <= base <= cap <= 20 s.
  explicit Backoff(const Options& options)
      : options_(options),
        longest_(options.base),
        random_({.seed = options.seed, .purpose = random::Purpose::transport}) {
    using namespace std::chrono_literals;
    if (options.base < 1ms || options.cap < options.base || options.cap > 20s) {
      throw ContractViolation("Backoff: 1 ms <= base <= cap <= 20 s expected");
    }
  }

  /// Uniform between half of the present bound and the bound, which then doubles.
  [[nodiscard]] std::chrono::milliseconds next() {
    const auto bound = static_cast<double>(longest_.count());
    longest_ = std::min(2 * longest_, options_.cap);
    return std::chrono::milliseconds(std::llround(random_.uniform(0.5 * bound, bound)));
  }

  /// Begins anew with `base`: to be called once a connection has proved to hold, or a site that
  /// is thrown out at once would not back off.
  void reset() { longest_ = options_.base; }

 private:
  Options options_;
  std::chrono::milliseconds longest_;
  random::Sequence random_;
};

}  // namespace asyndgan::transport
