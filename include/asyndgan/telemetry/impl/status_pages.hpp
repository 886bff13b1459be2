// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of telemetry/status_pages.hpp.

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/telemetry/report_style.hpp"
#include "asyndgan/telemetry/status_assets.hpp"
#include "asyndgan/telemetry/status_formats.hpp"
#include "asyndgan/telemetry/status_pages.hpp"

namespace asyndgan::telemetry {

namespace detail {

/// A whole number and nothing else.
inline std::optional<std::size_t> index(std::string_view text) {
  std::size_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The picture "<row>-map.png" or "<row>-<column>.png".
inline const Samples::Png* find_picture(const Samples& samples, std::string_view name) {
  constexpr std::string_view kEnd = ".png";
  const auto dash = name.find('-');
  if (dash == std::string_view::npos || !name.ends_with(kEnd)) return nullptr;
  name.remove_suffix(kEnd.size());
  const auto row = index(name.substr(0, dash));
  if (!row || *row >= samples.rows().size()) return nullptr;
  const auto& found = samples.rows()[*row];
  if (name.substr(dash + 1) == "map") return &found.map;
  const auto column = index(name.substr(dash + 1));
  return column && *column < found.images.size() ? &found.images[*column] : nullptr;
}

inline std::optional<Page> picture_page(const Status& status, std::string_view name) {
  const auto* png = status.samples ? find_picture(*status.samples, name) : nullptr;
  if (png == nullptr) return std::nullopt;
  return Page{"image/png", {reinterpret_cast<const char*>(png->data()), png->size()}};
}

}  // namespace detail

ASYNDGAN_INLINE Pages status_pages(std::shared_ptr<StatusBoard> board) {
  return [board = std::move(board)](std::string_view path) -> std::optional<Page> {
    constexpr std::string_view kSamples = "/samples/";
    const auto status = board->read();
    if (path == "/" || path == "/status.json") board->look();
    if (path == "/") return Page{"text/html; charset=utf-8", status_page(*status)};
    if (path == "/status.json") return Page{"application/json", status_json(*status)};
    if (path == "/metrics") {
      return Page{"text/plain; version=0.0.4; charset=utf-8", status_metrics(*status)};
    }
    if (path == "/healthz") return Page{"text/plain; charset=utf-8", "ok\n"};
    if (path == "/status.js") {
      return Page{"text/javascript; charset=utf-8", std::string(kStatusScript)};
    }
    if (path == "/status.css") {
      return Page{"text/css; charset=utf-8", std::string(kReportStyle) + std::string(kStatusStyle)};
    }
    if (path.starts_with(kSamples)) {
      return detail::picture_page(*status, path.substr(kSamples.size()));
    }
    return std::nullopt;
  };
}

}  // namespace asyndgan::telemetry
