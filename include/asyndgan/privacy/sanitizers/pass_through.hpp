// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "asyndgan/privacy/sanitizer.hpp"

namespace asyndgan::privacy {

/// Sends the gradient as it is. Refuses one that reads the image behind the fake, whatever the
/// policy says.
class PassThrough {
 public:
  void sanitize(HostTensor&, const random::Key&) const {}
  [[nodiscard]] bool accepts(Reveals reveals) const { return reveals != Reveals::paired_image; }
  [[nodiscard]] std::string describe() const { return "unsanitized"; }
};
static_assert(Sanitizer<PassThrough>);

using Unsanitized = PassThrough;

}  // namespace asyndgan::privacy
