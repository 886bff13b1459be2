// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"

namespace asyndgan {

namespace detail {
/// "'run/latest.safetensors': No space left on device"
[[nodiscard]] inline std::string file_problem(const std::filesystem::path& path, int code) {
  return "'" + path.string() + "': " + std::generic_category().message(code);
}

/// Owns one POSIX file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool valid() const { return number_ >= 0; }
  /// Closes now and returns 0 or errno: some file systems report a full disk only here.
  [[nodiscard]] int close() { return ::close(std::exchange(number_, -1)) == 0 ? 0 : errno; }

 private:
  int number_;
};
}  // namespace detail

/// A file that appears under its name only when it is whole: the bytes go to a temporary file
/// in the same folder, commit() makes them durable and renames. Without a commit() the
/// destructor removes the temporary file, and the target is what it was. `mode` is what the
/// process's umask takes from, and holds before the first byte is written: 0600 for a secret.
///
/// Errors   WriteError naming the file and the reason.
/// Threads  one object from one thread; writers of the same target may run at once, and the
///          last commit() wins.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target, mode_t mode = 0666)
      : target_(std::move(target)), file_(create_temporary(mode)) {}
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_.number(), bytes.data(), bytes.size());
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
    if (::fsync(file_.number()) != 0) {
      throw WriteError("cannot flush " + detail::file_problem(target_, errno));
    }
    if (const int code = file_.close(); code != 0) {
      throw WriteError("cannot close " + detail::file_problem(target_, code));
    }
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
      throw WriteError("cannot replace " + detail::file_problem(target_, errno));
    }
    temporary_.clear();
    flush_folder();
  }

 private:
  [[nodiscard]] std::filesystem::path folder() const {
    return target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
  }

  [[nodiscard]] detail::Descriptor create_temporary(mode_t mode) {
    static std::atomic<unsigned> next = 0;
    while (true) {
      temporary_ = target_;
      temporary_ += ".part-" + std::to_string(::getpid()) + "-" + std::to_string(next++);
      detail::Descriptor file(
          ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
      if (file.valid()) return file;
      if (errno == EEXIST || errno == EINTR) continue;  // left by a process with our number
      const int code = errno;
      temporary_.clear();
      throw WriteError("cannot create " + detail::file_problem(target_, code));
    }
  }

  void flush_folder() const {
    const detail::Descriptor opened(::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.valid() || ::fsync(opened.number()) == 0) return;
    if (errno == EINVAL || errno == ENOTSUP) return;  // a file system that cannot
    throw WriteError("replaced, but cannot make durable " + detail::file_problem(target_, errno));
  }

  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty once it has its final name
  detail::Descriptor file_;
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
