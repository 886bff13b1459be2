// SPDX-License-Identifier: Apache-2.0
#include "header_check.hpp"

#include <system_error>

#include "asyndgan/core/error.hpp"

namespace asyndgan::data::files {

void fail(const std::filesystem::path& path, const std::string& what) {
  throw DataError("'" + path.string() + "': " + what);
}

void require_file(const std::filesystem::path& path) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (!std::filesystem::exists(status)) fail(path, "no such file");
  if (!std::filesystem::is_regular_file(status)) fail(path, "not a regular file");
  if (std::filesystem::file_size(path) == 0) fail(path, "the file is empty");
}

std::uint64_t checked_voxel_count(const std::filesystem::path& path, const std::string& field,
                                  std::span<const std::int64_t> extents, std::uint64_t max_voxels) {
  std::string size;
  for (const std::int64_t extent : extents) {
    size += (size.empty() ? "" : "x") + std::to_string(extent);
  }
  const std::string seen = field + " is " + size;
  const auto refuse = [&](const std::string& reason) { fail(path, seen + reason); };
  std::uint64_t count = 1;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    if (extents[i] < 1) {
      refuse(", expected extents of at least 1");
    }
    if (i > 2 && extents[i] != 1) {
      refuse(", expected a volume of three dimensions");
    }
    const auto extent = static_cast<std::uint64_t>(extents[i]);
    if (extent > max_voxels / count) {
      refuse(", more than the limit of " + std::to_string(max_voxels) + " voxels");
    }
    count *= extent;
  }
  return count;
}

}  // namespace asyndgan::data::files
