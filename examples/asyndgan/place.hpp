// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace asyndgan::program {

/// Where a process of the centre listens.
struct Place {
  std::string host;
  std::uint16_t port = 0;
};

/// "host:port", "[::1]:port"; nothing if it is neither.
[[nodiscard]] std::optional<Place> parse_place(const std::string& text);

}  // namespace asyndgan::program
