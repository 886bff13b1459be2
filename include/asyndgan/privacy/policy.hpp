// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "asyndgan/privacy/reveals.hpp"

namespace asyndgan::privacy {

/// What a site does with its label maps.
enum class MaskRelease : std::uint8_t {
  as_they_are,
  augmented,  // flipped and shifted at random: hides the position, not the shape
  none,       // the generator draws for maps from a public source
};

/// What may leave a site. The site's steward sets it; whatever the centre asks for, release.hpp
/// holds to it.
struct SitePolicy {
  MaskRelease label_maps = MaskRelease::as_they_are;

  /// Fewest real samples that a released number may rest on: a loss average, or the statistics
  /// behind a gradient. At least 1.
  std::uint32_t minimum_batch = 8;

  /// Gradients that depend on means over the site (Reveals::site_statistics).
  bool allow_site_statistics = true;

  /// Gradients whose signs give the image behind the fake to whoever reads them
  /// (Reveals::paired_image), as in the papers' L1 and perceptual terms. For reproduction on
  /// public data.
  bool allow_gradients_that_reveal_images = false;

  /// Whether the centre learns how many samples the site has; weighting by count needs it.
  bool allow_sample_count = true;

  /// How often one real sample may answer a fake, and all samples of the site together, over
  /// the whole run. 0 is no limit.
  std::uint64_t queries_per_sample = 0;
  std::uint64_t queries_per_site = 0;

  [[nodiscard]] bool permits(Reveals reveals) const {
    switch (reveals) {
      case Reveals::discriminator_only:
        return true;
      case Reveals::site_statistics:
        return allow_site_statistics;
      case Reveals::paired_image:
        return allow_gradients_that_reveal_images;
    }
    return false;
  }

  friend bool operator==(const SitePolicy&, const SitePolicy&) = default;
};

}  // namespace asyndgan::privacy
