// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "asyndgan/privacy/shareable.hpp"

namespace asyndgan::privacy {

/// One message that leaves a site.
struct LedgerEntry {
  struct Part {
    Provenance provenance;
    std::uint64_t bytes = 0;
  };

  std::string message;    // kind: "hello", "gradient", ...
  std::string recipient;  // "central"
  std::uint64_t step = 0;
  std::uint64_t bytes = 0;  // of the whole message, parts and framing
  std::vector<Part> parts;  // what it carries of the site's data
};

}  // namespace asyndgan::privacy
