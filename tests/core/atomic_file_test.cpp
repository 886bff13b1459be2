// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/atomic_file.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan {
namespace {

using test::FullDisk;
using test::TemporaryFolder;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}
std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_CASE("What is written is read back, and nothing else is left in the folder", "[core]") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a", bytes_of("first"));
  write_file_atomically(folder / "a", bytes_of("second, longer"));
  CHECK(text_of(read_file(folder / "a", 100)) == "second, longer");
  write_file_atomically(folder / "empty", {});
  CHECK(read_file(folder / "empty", 0).empty());
  CHECK(folder.entries() == 2);
}

TEST_CASE("Without a commit the old version stays and the temporary file goes", "[core]") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a", bytes_of("old"));
  {
    AtomicFile file(folder / "a");
    file.write(bytes_of("half of the new"));
    CHECK(folder.entries() == 2);
  }
  CHECK(folder.entries() == 1);
  CHECK(text_of(read_file(folder / "a", 100)) == "old");
}

TEST_CASE("What killed writers leave goes when the file is written again", "[core]") {
  const TemporaryFolder folder;
  for (int death = 0; death < 3; ++death) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      AtomicFile first(folder / "a");
      AtomicFile second(folder / "a", 0600);
      first.write(bytes_of("half"));
      ::_exit(0);  // without its destructors
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(status == 0);
    CHECK(folder.entries() == 2);  // of the last death alone
  }
  AtomicFile first(folder / "a");
  AtomicFile second(folder / "a");
  CHECK(folder.entries() == 2);
  second.write(bytes_of("whole"));
  second.commit();
  CHECK(folder.entries() == 2);  // the other one is at work
  first.write(bytes_of("whole too"));
  first.commit();
  CHECK(folder.entries() == 1);
  CHECK(text_of(read_file(folder / "a", 100)) == "whole too");
}

TEST_CASE("A secret is nobody else's from its first byte on", "[core]") {
  const TemporaryFolder folder;
  const auto mode_of = [](const std::filesystem::path& file) {
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    return status.st_mode & 0777u;
  };
  const mode_t before = ::umask(0);
  write_file_atomically(folder / "public", bytes_of("x"));
  AtomicFile secret(folder / "secret", 0600);
  ::umask(before);
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    CHECK(mode_of(entry.path()) == (entry.path().filename() == "public" ? 0666u : 0600u));
  }
  secret.write(bytes_of("x"));
  secret.commit();
  CHECK(mode_of(folder / "secret") == 0600u);
}

TEST_CASE("A full disk leaves the old version in place", "[core]") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a", bytes_of("old"));
  const std::string large(100'000, 'x');
  {
    const FullDisk full(4096);
    CHECK_THROWS_WITH(write_file_atomically(folder / "a", bytes_of(large)),
                      "cannot write '" + (folder / "a").string() + "': File too large");
  }
  CHECK(text_of(read_file(folder / "a", 100)) == "old");
  CHECK(folder.entries() == 1);
  write_file_atomically(folder / "a", bytes_of(large));
  CHECK(read_file(folder / "a", large.size()).size() == large.size());
}

TEST_CASE("Errors of writing name the file and the reason", "[core]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(write_file_atomically(folder / "none" / "a", {}), WriteError);
  CHECK_THROWS_WITH(
      write_file_atomically(folder / "none" / "a", {}),
      "cannot create '" + (folder / "none" / "a").string() + "': No such file or directory");
  std::filesystem::create_directories(folder / "taken" / "by a folder");
  CHECK_THROWS_AS(write_file_atomically(folder / "taken", bytes_of("x")), WriteError);
  CHECK(folder.entries() == 1);
}

TEST_CASE("Writers of one file at a time in several threads leave one whole version", "[core]") {
  const TemporaryFolder folder;
  std::vector<std::thread> writers;
  writers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&folder, i] {
      const std::string text(1000, static_cast<char>('a' + i));
      for (int round = 0; round < 5; ++round) write_file_atomically(folder / "a", bytes_of(text));
    });
  }
  for (auto& writer : writers) writer.join();
  const std::string text = text_of(read_file(folder / "a", 1000));
  CHECK(text == std::string(1000, text.at(0)));
  CHECK(folder.entries() == 1);
}

TEST_CASE("Reading refuses what is missing, too large or not a file", "[core]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(read_file(folder / "none", 10), DataError);
  CHECK_THROWS_WITH(read_file(folder / "none", 10),
                    "cannot open '" + (folder / "none").string() + "': No such file or directory");
  write_file_atomically(folder / "a", bytes_of("12345"));
  CHECK_THROWS_WITH(read_file(folder / "a", 4),
                    "'" + (folder / "a").string() + "' has 5 bytes, more than the limit of 4");
  std::filesystem::create_directory(folder / "b");
  CHECK_THROWS_WITH(read_file(folder / "b", 4),
                    "'" + (folder / "b").string() + "' is not a regular file");
}

}  // namespace
}  // namespace asyndgan
