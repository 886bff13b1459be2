// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The kinds of image files, by the ends of their names, in letters of either case.
namespace asyndgan::data {

inline constexpr std::string_view kVolumes[] = {".nii.gz", ".nii", ".mha", ".mhd"};
inline constexpr std::string_view kPictures[] = {".png", ".tif", ".tiff"};

[[nodiscard]] inline std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The extension of the file's name, ".nii.gz" included, if it is one of `known`; in small
/// letters.
[[nodiscard]] inline std::optional<std::string> extension_of(
    const std::filesystem::path& file, std::span<const std::string_view> known) {
  const std::string name = lower(file.filename().string());
  for (const std::string_view extension : known) {
    if (name.size() > extension.size() && name.ends_with(extension)) return std::string(extension);
  }
  return std::nullopt;
}

}  // namespace asyndgan::data
