// SPDX-License-Identifier: Apache-2.0
#include "place.hpp"

#include <charconv>
#include <system_error>

namespace asyndgan::program {

std::optional<Place> parse_place(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  Place place{text.substr(0, colon)};
  if (place.host.front() == '[' && place.host.back() == ']') {
    place.host = place.host.substr(1, place.host.size() - 2);
  } else if (place.host.find(':') != std::string::npos) {
    return std::nullopt;  // of IPv6, which of them begins the port?
  }
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, place.port);
  if (error != std::errc() || stopped != end || place.port == 0 || place.host.empty()) {
    return std::nullopt;
  }
  return place;
}

}  // namespace asyndgan::program
