// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace asyndgan::telemetry {

/// `value` with `decimals` digits after the point; a dash where it is NaN or infinite.
[[nodiscard]] inline std::string fixed(double value, int decimals) {
  if (!std::isfinite(value)) return "\u2013";
  std::array<char, 400> buffer{};  // the largest double has 309 digits before the point
  std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  return buffer.data();
}

/// Shortest form with at most `digits` significant digits: "0.0123", "1500", "2e-05".
[[nodiscard]] inline std::string significant(double value, int digits = 3) {
  if (!std::isfinite(value)) return "\u2013";
  std::array<char, 64> buffer{};
  const double size = std::abs(value);
  const bool whole = size < 1e6 && value == std::nearbyint(value);
  std::snprintf(buffer.data(), buffer.size(), "%.*g", whole ? 7 : digits, value);
  return buffer.data();
}

/// Digits in groups of three: "11,378,179".
[[nodiscard]] inline std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return digits;
}

/// Powers of 1000: "812 B", "49.3 kB", "1.46 GB".
[[nodiscard]] inline std::string bytes_text(double bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  while (std::abs(bytes) >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  const int decimals = unit == 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
  return fixed(bytes, decimals) + " " + kUnits[unit];
}

/// "0:07", "12:30", "1:02:03".
[[nodiscard]] inline std::string clock_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 3.2e9) return "-:--";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  std::array<char, 32> buffer{};
  if (whole >= 3600) {
    std::snprintf(buffer.data(), buffer.size(), "%lld:%02lld:%02lld",
                  static_cast<long long>(whole / 3600), static_cast<long long>(whole / 60 % 60),
                  static_cast<long long>(whole % 60));
  } else {
    std::snprintf(buffer.data(), buffer.size(), "%lld:%02lld", static_cast<long long>(whole / 60),
                  static_cast<long long>(whole % 60));
  }
  return buffer.data();
}

/// Number of columns a terminal needs for UTF-8 `text`: its code points.
[[nodiscard]] inline std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  return count;
}

/// The first `width` code points of `text`.
[[nodiscard]] inline std::string_view first_columns(std::string_view text, std::size_t width) {
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U && ++seen > width) break;
  }
  return text.substr(0, end);
}

}  // namespace asyndgan::telemetry
