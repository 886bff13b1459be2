// SPDX-License-Identifier: Apache-2.0
#include "replace_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/temporary_file.hpp"

namespace asyndgan::data::files {
namespace {

[[noreturn]] void fail_to_write(const char* what, const std::filesystem::path& target, int code) {
  throw WriteError(std::string(what) + asyndgan::detail::file_problem(target, code));
}

}  // namespace

void replace_file(const std::filesystem::path& target, const std::string& extension,
                  const std::function<void(const std::filesystem::path&)>& write) {
  const std::filesystem::path folder =
      target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
  asyndgan::detail::TemporaryFile temporary(target, folder / ("." + target.filename().string()),
                                            extension, 0666);
  write(temporary.path());
  {
    asyndgan::detail::Descriptor written(::open(temporary.path().c_str(), O_RDONLY | O_CLOEXEC));
    if (!written.valid() || ::fsync(written.number()) != 0) {
      fail_to_write("cannot flush ", target, errno);
    }
  }
  if (const int code = temporary.rename(target); code != 0) {
    fail_to_write("cannot replace ", target, code);
  }
  const asyndgan::detail::Descriptor opened(
      ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.valid() && ::fsync(opened.number()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    fail_to_write("replaced, but cannot make durable ", target, errno);
  }
}

}  // namespace asyndgan::data::files
