// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into a program: kills it right before the n-th of the calls by which anything of it
// lasts, or gets out. n is in ASYNDGAN_DIE_BEFORE; the call's name is appended to the file in
// ASYNDGAN_DIED_BEFORE. A program that is killed before each of them in turn has been killed at
// every moment that makes a difference.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<long> calls_left{[] {
  const char* said = std::getenv("ASYNDGAN_DIE_BEFORE");
  return said == nullptr ? 0 : std::atol(said);
}()};

void count(const char* name) {
  if (calls_left.fetch_sub(1) != 1) return;
  if (const char* file = std::getenv("ASYNDGAN_DIED_BEFORE"); file != nullptr) {
    const int handle = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    // Not by write(), which is below.
    (void)::syscall(SYS_write, handle, name, std::strlen(name));
    (void)::syscall(SYS_write, handle, "\n", 1);
  }
  (void)::raise(SIGKILL);
}

/// Threads wake each other by writing as well; only what is on the disk lasts.
bool is_file(int handle) {
  struct stat status {};
  return ::fstat(handle, &status) == 0 && S_ISREG(status.st_mode);
}

/// Of writes in a row to one file two count: before the first nothing is there, before the second
/// a part.
void count_write(int handle) {
  if (!is_file(handle)) return;
  static thread_local int last = -1;
  static thread_local int row = 0;
  row = handle == last ? row + 1 : 1;
  last = handle;
  if (row <= 2) count("write");
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t write(int handle, const void* bytes, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  count_write(handle);
  return real(handle, bytes, size);
}
ssize_t writev(int handle, const iovec* parts, int number) {
  static const auto real = next<ssize_t (*)(int, const iovec*, int)>("writev");
  count_write(handle);
  return real(handle, parts, number);
}
int fsync(int handle) {
  static const auto real = next<int (*)(int)>("fsync");
  count("fsync");
  return real(handle);
}
int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  count("rename");
  return real(from, to);
}
int unlink(const char* path) noexcept {
  static const auto real = next<int (*)(const char*)>("unlink");
  count("unlink");
  return real(path);
}
int remove(const char* path) noexcept {
  static const auto real = next<int (*)(const char*)>("remove");
  count("unlink");
  return real(path);
}
int ftruncate(int handle, off_t size) noexcept {
  static const auto real = next<int (*)(int, off_t)>("ftruncate");
  count("truncate");
  return real(handle, size);
}
int truncate(const char* path, off_t size) noexcept {
  static const auto real = next<int (*)(const char*, off_t)>("truncate");
  count("truncate");
  return real(path, size);
}
ssize_t sendmsg(int handle, const msghdr* message, int flags) {
  static const auto real = next<ssize_t (*)(int, const msghdr*, int)>("sendmsg");
  count("send");
  return real(handle, message, flags);
}
ssize_t send(int handle, const void* bytes, size_t size, int flags) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, int)>("send");
  count("send");
  return real(handle, bytes, size, flags);
}

}  // extern "C"
