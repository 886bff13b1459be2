// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/temporary_file.hpp"

namespace asyndgan {

/// A file that appears under its name only when it is whole: the bytes go to a temporary file
/// in the same folder, commit() makes them durable and renames. Without a commit() the
/// destructor removes the temporary file, and the target is what it was; what a process that was
/// killed has left goes when the target is written the next time. `mode` is what the process's
/// umask takes from, and holds before the first byte is written: 0600 for a secret.
///
/// Errors   WriteError naming the file and the reason.
/// Threads  one object from one thread; writers of the same target may run at once, and the
///          last commit() wins.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target, mode_t mode = 0666)
      : target_(std::move(target)), temporary_(target_, target_, "", mode) {}
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(temporary_.file().number(), bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        throw WriteError("cannot write " + detail::file_problem(target_, errno));
      }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  /// Ensures  the file and its name survive a power failure that comes after the return. The
  ///          one error after which the new version may be in place is a failure to make the
  ///          name durable, and the message says so.
  void commit() {
    if (::fsync(temporary_.file().number()) != 0) {
      throw WriteError("cannot flush " + detail::file_problem(target_, errno));
    }
    if (const int code = temporary_.file().close(); code != 0) {
      throw WriteError("cannot close " + detail::file_problem(target_, code));
    }
    if (const int code = temporary_.rename(target_); code != 0) {
      throw WriteError("cannot replace " + detail::file_problem(target_, code));
    }
    flush_folder();
  }

 private:
  [[nodiscard]] std::filesystem::path folder() const {
    return target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
  }

  void flush_folder() const {
    const detail::Descriptor opened(::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.valid() || ::fsync(opened.number()) == 0) return;
    if (errno == EINVAL || errno == ENOTSUP) return;  // a file system that cannot
    throw WriteError("replaced, but cannot make durable " + detail::file_problem(target_, errno));
  }

  std::filesystem::path target_;
  detail::TemporaryFile temporary_;
};

/// Writes `bytes` to `path`, all or nothing. Throws WriteError; the old version then stays.
inline void write_file_atomically(const std::filesystem::path& path,
                                  std::span<const std::byte> bytes, mode_t mode = 0666) {
  AtomicFile file(path, mode);
  file.write(bytes);
  file.commit();
}

/// All bytes of a regular file. Throws DataError if it is missing, not a file, or larger than
/// `max_bytes`, which is checked before memory is taken.
[[nodiscard]] inline std::vector<std::byte> read_file(const std::filesystem::path& path,
                                                      std::size_t max_bytes) {
  const detail::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) throw DataError("cannot open " + detail::file_problem(path, errno));
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) {
    throw DataError("cannot examine " + detail::file_problem(path, errno));
  }
  if (!S_ISREG(status.st_mode)) throw DataError("'" + path.string() + "' is not a regular file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > max_bytes) {
    throw DataError("'" + path.string() + "' has " + std::to_string(size) +
                    " bytes, more than the limit of " + std::to_string(max_bytes));
  }
  std::vector<std::byte> bytes(size);
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t count = ::read(file.number(), bytes.data() + filled, size - filled);
    if (count < 0) {
      if (errno == EINTR) continue;
      throw DataError("cannot read " + detail::file_problem(path, errno));
    }
    if (count == 0) {
      throw DataError("'" + path.string() + "' shrank from " + std::to_string(size) + " to " +
                      std::to_string(filled) + " bytes while it was read");
    }
    filled += static_cast<std::size_t>(count);
  }
  return bytes;
}

}  // namespace asyndgan
