// SPDX-License-Identifier: Apache-2.0
#include "net/certificate_folder.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <span>
#include <system_error>

namespace asyndgan::transport {

namespace fs = std::filesystem;

namespace {

CertificateError taken(const fs::path& folder) {
  return CertificateError("'" + folder.string() +
                          "' exists already, and nothing in it is overwritten unasked");
}

/// "/a/b" for "/a/b/", which has no file name, and "./b" for "b", which has no parent.
fs::path with_parent(const fs::path& path) {
  const fs::path plain = path.lexically_normal();
  const fs::path name = plain.has_filename() ? plain : plain.parent_path();
  return name.has_parent_path() ? name : "." / name;
}

}  // namespace

void write_text(const fs::path& folder, const TextFile& file) {
  write_file_atomically(folder / file.name, std::as_bytes(std::span(file.text)), file.mode);
}

NewFolder::NewFolder(const fs::path& target) : target_(with_parent(target)) {
  std::error_code error;
  if (fs::exists(target_, error) && !fs::is_empty(target_, error)) throw taken(target_);
  const fs::path parent = target_.parent_path();
  fs::create_directories(parent, error);
  if (error) throw WriteError("cannot create " + detail::file_problem(parent, error.value()));
  std::string name = (parent / ("." + target_.filename().string() + "-XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw WriteError("cannot create a folder in " + detail::file_problem(parent, errno));
  }
  temporary_ = name;
}

NewFolder::~NewFolder() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void NewFolder::commit() {
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) {
    if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR) throw taken(target_);
    throw WriteError("cannot create " + detail::file_problem(target_, errno));
  }
  temporary_.clear();
  const detail::Descriptor parent(
      ::open(target_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.valid()) (void)::fsync(parent.number());  // some file systems cannot
}

FolderLock::FolderLock(const fs::path& folder)
    : folder_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!folder_.valid()) throw DataError("cannot open " + detail::file_problem(folder, errno));
  while (::flock(folder_.number(), LOCK_EX) != 0) {
    if (errno != EINTR) throw WriteError("cannot lock " + detail::file_problem(folder, errno));
  }
}

}  // namespace asyndgan::transport
