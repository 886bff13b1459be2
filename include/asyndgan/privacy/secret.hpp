// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

#include "asyndgan/core/error.hpp"

namespace asyndgan::privacy {

/// 64 bits from the operating system, not all 0, for a Release. Kept at the site with its
/// checkpoints, so that a resumed run hides values the same way; never sent.
[[nodiscard]] inline std::uint64_t draw_secret() {
  std::uint64_t secret = 0;
  while (true) {
    const ssize_t got = ::getrandom(&secret, sizeof secret, 0);
    if (got == static_cast<ssize_t>(sizeof secret) && secret != 0) return secret;
    if (got < 0 && errno != EINTR) {
      throw Error("no random bits from the operating system: " +
                  std::generic_category().message(errno));
    }
  }
}

}  // namespace asyndgan::privacy
