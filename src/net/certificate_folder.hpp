// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"

/// Folders that appear whole, and files in them.
namespace asyndgan::transport {

inline constexpr mode_t kSecret = 0600;
inline constexpr mode_t kPublic = 0644;
inline constexpr std::string_view kAuthorityFolder = "authority";

struct TextFile {
  std::string name;
  std::string text;
  mode_t mode = kPublic;
};

/// Replaces `folder`/`file.name`, whole, with its mode from the first byte on.
void write_text(const std::filesystem::path& folder, const TextFile& file);

/// A folder of mode 0700 that has its name only once it is whole; without a commit() it goes
/// with all that it holds.
class NewFolder {
 public:
  /// Makes the folders above it. Throws CertificateError if `target` exists and holds anything.
  explicit NewFolder(const std::filesystem::path& target);
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder();

  void write(const TextFile& file) const { write_text(temporary_, file); }

  /// Throws CertificateError if the target has come into being meanwhile.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty once it has its name
};

/// Holds back other programs that would change the folder, and waits for them.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);

 private:
  detail::Descriptor folder_;
};

}  // namespace asyndgan::transport
