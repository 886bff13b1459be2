// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace asyndgan::telemetry {

/// `text` so that HTML and SVG show it as it is, in content and in quoted attributes. Control
/// characters, which no document may hold, become U+FFFD.
[[nodiscard]] inline std::string escape_html(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default: {
        const auto code = static_cast<unsigned char>(c);
        const bool control = (code < 0x20 && c != '\n' && c != '\t') || code == 0x7F;
        if (control) {
          safe += "\uFFFD";
        } else {
          safe += c;
        }
      }
    }
  }
  return safe;
}

/// `<name>escaped text</name>`
[[nodiscard]] inline std::string element(std::string_view name, std::string_view text,
                                         std::string_view attributes = {}) {
  std::string html = "<";
  html += name;
  if (!attributes.empty()) (html += ' ') += attributes;
  html += '>';
  html += escape_html(text);
  ((html += "</") += name) += '>';
  return html;
}

}  // namespace asyndgan::telemetry
