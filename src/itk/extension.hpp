// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string>
#include <string_view>

namespace asyndgan::data::files {

/// Whether the file's name ends in `extension`, in letters of either case.
[[nodiscard]] inline bool has_extension(const std::filesystem::path& path,
                                        std::string_view extension) {
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.size() > extension.size() && name.ends_with(extension);
}

}  // namespace asyndgan::data::files
