// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <type_traits>

#include "asyndgan/privacy/sanitizers/clip_norm.hpp"

namespace asyndgan::privacy {

/// Replaces every element by its sign times the sample's mean magnitude: one bit per element
/// and one number per sample. It keeps exactly what a paired term gives away, so it does not
/// accept one.
class SignOnly {
 public:
  void sanitize(HostTensor& d_fake, const random::Key&) const {
    detail::for_each_sample(d_fake, [](auto sample) {
      double sum = 0;
      for (const auto value : sample) sum += std::abs(static_cast<double>(value));
      const double mean = sample.empty() ? 0 : sum / static_cast<double>(sample.size());
      for (auto& value : sample) {
        using T = std::remove_reference_t<decltype(value)>;
        value = value == 0 ? T{0} : static_cast<T>(std::copysign(mean, value));
      }
    });
  }
  [[nodiscard]] bool accepts(Reveals reveals) const { return reveals != Reveals::paired_image; }
  [[nodiscard]] std::string describe() const { return "sign_only"; }
};
static_assert(Sanitizer<SignOnly>);

}  // namespace asyndgan::privacy
