// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/privacy/sanitizers/clip_norm.hpp"

namespace asyndgan::privacy {

/// Clips every sample to an L2 norm C, then adds N(0, (multiplier C)^2) to every element: the
/// Gaussian mechanism on one gradient. The noise is a function of the key and of the gradient: a
/// resumed run sends the same bytes, and a centre that asks twice about one step with different
/// fakes does not get the same noise twice, whose difference would be the bare gradients'.
///
/// It claims no epsilon: a record also acts through the discriminator's weights on every later
/// message, which an accountant has to count (docs/privacy.md).
///
/// Source  Dwork & Roth 2014, "The algorithmic foundations of differential privacy", A.1;
///         Chen, Orekondy & Fritz 2020 (GS-WGAN), section 4, for the place it is applied.
class GaussianNoise {
 public:
  struct Options {
    double norm = 1;        // C, of one sample's gradient
    double multiplier = 1;  // standard deviation of the noise in units of C
  };

  /// Throws ContractViolation unless both are above 0.
  explicit GaussianNoise(const Options& options) : options_(options) {
    if (!(options.norm > 0) || !(options.multiplier > 0)) {
      throw ContractViolation("GaussianNoise: norm and multiplier must be above 0");
    }
  }

  void sanitize(HostTensor& d_fake, const random::Key& key) const {
    random::Key own = key;
    own.seed = digest(d_fake, key.seed);
    const random::Stream noise(own);
    const double deviation = options_.norm * options_.multiplier;
    std::uint64_t index = 0;
    detail::for_each_sample(d_fake, [&](auto sample) {
      detail::clip_to_norm(sample, options_.norm);
      for (auto& value : sample) {
        using T = std::remove_reference_t<decltype(value)>;
        value = static_cast<T>(static_cast<double>(value) + deviation * noise.normal(index++));
      }
    });
  }
  [[nodiscard]] bool accepts(Reveals) const { return true; }
  [[nodiscard]] std::string describe() const {
    return detail::call_text("gaussian_noise", {options_.norm, options_.multiplier});
  }

 private:
  /// Mixes the bits of every element into `seed`.
  [[nodiscard]] static std::uint64_t digest(const HostTensor& tensor, std::uint64_t seed) {
    return std::visit(
        [seed](const auto& held) {
          std::uint64_t hash = seed;
          for (const auto value : held.values()) {
            using Bits = std::conditional_t<sizeof value == 4, std::uint32_t, std::uint64_t>;
            hash = (hash ^ std::bit_cast<Bits>(value)) * 0x9E3779B97F4A7C15;  // golden ratio, odd
            hash ^= hash >> 32;
          }
          return hash;
        },
        tensor.storage());
  }

  Options options_;
};
static_assert(Sanitizer<GaussianNoise>);

}  // namespace asyndgan::privacy
