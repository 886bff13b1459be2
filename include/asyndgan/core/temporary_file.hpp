// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "asyndgan/core/error.hpp"

namespace asyndgan::detail {

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

/// Removes a temporary file whose writer is gone. Its lock tells: the system takes that from
/// whoever is killed, on this machine or on another one that has the folder. False where somebody
/// still writes it, or the file system has no locks.
inline bool remove_abandoned(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid()) return errno == ENOENT;
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) return false;
  struct stat locked {};
  struct stat there {};
  const bool same = ::fstat(file.number(), &locked) == 0 && ::lstat(path.c_str(), &there) == 0 &&
                    locked.st_dev == there.st_dev && locked.st_ino == there.st_ino;
  return same && ::unlink(path.c_str()) == 0;
}

/// A new file that is to take the place of `target`, in the same folder, under the first name
/// "<begin>.part-0<end>", "<begin>.part-1<end>", ... that no other writer has. The destructor
/// removes it. One that a killed writer left is removed by the next of the same name.
///
/// Errors   WriteError naming the target and the reason.
class TemporaryFile {
 public:
  TemporaryFile(const std::filesystem::path& target, const std::filesystem::path& begin,
                const std::string& end, mode_t mode)
      : file_(-1), lock_(-1) {
    for (unsigned number = 0;;) {
      path_ = begin;
      path_ += ".part-" + std::to_string(number) + end;
      file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
      const int code = errno;
      if (file_.valid()) {
        if (claim()) return;
      } else if (code == EEXIST) {
        if (!remove_abandoned(path_)) ++number;
      } else if (code != EINTR) {
        path_.clear();
        throw WriteError("cannot create " + file_problem(target, code));
      }
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());  // while it is locked
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] Descriptor& file() { return file_; }
  /// Returns 0 or errno. The file is `target`'s then, and no longer this object's.
  [[nodiscard]] int rename(const std::filesystem::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) return errno;
    path_.clear();
    return 0;
  }

 private:
  /// False where it was taken for an abandoned one before it was locked.
  [[nodiscard]] bool claim() {
    struct stat status {};
    if (::flock(file_.number(), LOCK_EX) != 0) return true;  // no locks: none is removed either
    if (::fstat(file_.number(), &status) == 0 && status.st_nlink == 0) return false;
    lock_ = Descriptor(::fcntl(file_.number(), F_DUPFD_CLOEXEC, 0));
    return true;
  }

  std::filesystem::path path_;  // empty once it has its final name
  Descriptor file_;
  Descriptor lock_;  // the same file, so that the lock outlives file().close()
};

}  // namespace asyndgan::detail
