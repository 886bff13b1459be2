// SPDX-License-Identifier: Apache-2.0
//
// Files whose writer is killed at any moment.

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // see killed_writer.hpp
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"
#include "support/catch.hpp"
#include "support/killed_writer.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan {
namespace {

constexpr std::size_t kBytesOfVersion = std::size_t{64} << 10;

/// All of it says which version it is, and it goes out in several parts.
void write_version(const std::filesystem::path& path, std::uint64_t version) {
  const std::vector<std::uint64_t> part(kBytesOfVersion / 4 / sizeof version, version);
  AtomicFile file(path);
  for (int i = 0; i < 4; ++i) file.write(std::as_bytes(std::span(part)));
  file.commit();
}

/// Nothing where the file is not that of one version.
std::optional<std::uint64_t> read_version(const std::filesystem::path& path) {
  const auto bytes = read_file(path, kBytesOfVersion);
  if (bytes.size() != kBytesOfVersion) return {};
  std::vector<std::uint64_t> words(kBytesOfVersion / sizeof(std::uint64_t));
  std::copy(bytes.begin(), bytes.end(), std::as_writable_bytes(std::span(words)).begin());
  if (!std::equal(words.begin() + 1, words.end(), words.begin())) return {};
  return words.front();
}

TEST_CASE("Killed a thousand times, a writer leaves the old version or the new one", "[core]") {
  const test::TemporaryFolder folder;
  const auto path = folder / "file";
  test::KilledWriter writer;
  write_version(path, writer.written());
  std::uint64_t in_the_middle = 0;
  for (std::uint64_t i = 0; i < test::kKills; ++i) {
    REQUIRE(writer.run([&](std::uint64_t version) { write_version(path, version); }));
    const std::uint64_t found = read_version(path).value();
    // The new one, where it was killed between its rename and its return.
    if (found != writer.written()) REQUIRE(found == writer.written() + 1);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      if (entry.path() == path) continue;
      ++in_the_middle;
      std::filesystem::remove(entry.path());
    }
  }
  CHECK(writer.written() > test::kKills / 10);  // 681 of 1000 seen
  CHECK(in_the_middle > test::kKills / 10);     // 567
}

}  // namespace
}  // namespace asyndgan

#endif
