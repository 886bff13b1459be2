// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "support/temporary_folder.hpp"

namespace asyndgan::fuzz {

/// A folder for readers that take paths. tests/run.sh has it in memory.
[[nodiscard]] inline const std::filesystem::path& scratch() {
  static const test::TemporaryFolder folder;
  return folder.path();
}

/// `bytes` as the file `name` of scratch(), over what was there.
inline std::filesystem::path file_of(std::span<const std::byte> bytes, const std::string& name) {
  auto path = scratch() / name;
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return path;
}

}  // namespace asyndgan::fuzz
