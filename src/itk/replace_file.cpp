// SPDX-License-Identifier: Apache-2.0
#include "replace_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"

namespace asyndgan::data::files {
namespace {

[[noreturn]] void fail_to_write(const char* what, const std::filesystem::path& target, int code) {
  throw WriteError(std::string(what) + asyndgan::detail::file_problem(target, code));
}

/// Removes the file at its end, unless it was renamed.
struct Temporary {
  std::filesystem::path path;
  ~Temporary() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

}  // namespace

void replace_file(const std::filesystem::path& target, const std::string& extension,
                  const std::function<void(const std::filesystem::path&)>& write) {
  static std::atomic<unsigned> next = 0;
  const std::filesystem::path folder =
      target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
  Temporary temporary{folder /
                      ("." + target.filename().string() + ".part-" + std::to_string(::getpid()) +
                       "-" + std::to_string(next++) + extension)};
  {
    const asyndgan::detail::Descriptor made(
        ::open(temporary.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    if (!made.valid()) fail_to_write("cannot create ", target, errno);
  }
  write(temporary.path);
  {
    asyndgan::detail::Descriptor written(::open(temporary.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!written.valid() || ::fsync(written.number()) != 0) {
      fail_to_write("cannot flush ", target, errno);
    }
  }
  if (::rename(temporary.path.c_str(), target.c_str()) != 0) {
    fail_to_write("cannot replace ", target, errno);
  }
  temporary.path.clear();
  const asyndgan::detail::Descriptor opened(
      ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.valid() && ::fsync(opened.number()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    fail_to_write("replaced, but cannot make durable ", target, errno);
  }
}

}  // namespace asyndgan::data::files
