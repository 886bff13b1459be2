// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace asyndgan::privacy {

/// The most that a gradient says about real images, by the objective it was computed under.
/// In rising order: a policy that allows one level allows those before it.
enum class Reveals : std::uint8_t {
  discriminator_only,  // real images act through the discriminator's weights alone
  site_statistics,     // also through means over many of the site's images
  paired_image,        // a term reads the one image behind the fake: its sign gives it away
};

[[nodiscard]] constexpr std::string_view to_string(Reveals reveals) {
  switch (reveals) {
    case Reveals::discriminator_only:
      return "discriminator_only";
    case Reveals::site_statistics:
      return "site_statistics";
    case Reveals::paired_image:
      return "paired_image";
  }
  return "unknown";
}

}  // namespace asyndgan::privacy
