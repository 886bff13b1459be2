// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <vector>

namespace asyndgan::data::files {

/// Reads what a gzip or zlib stream inside a file inflates to, and notices where it is cut or
/// damaged: zlib's checksums are verified at the end of each stream.
///
/// Errors  DataError naming the file.
class Inflater {
 public:
  /// The stream begins `offset` bytes into the file.
  explicit Inflater(std::filesystem::path path, std::uint64_t offset = 0);
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  /// Fills `to` and returns how many bytes it got: fewer only at the end of the file.
  std::size_t read(std::span<std::byte> to);

  /// Reads on to the end and returns the number of bytes in all, or stops beyond `most`.
  std::uint64_t skip_to_end(std::uint64_t most);

  /// Whether the last stream read was whole, once the end of the file is reached.
  [[nodiscard]] bool whole() const { return between_streams_; }

 private:
  std::filesystem::path path_;
  std::ifstream file_;
  z_stream stream_{};
  std::vector<unsigned char> input_;
  std::uint64_t delivered_ = 0;
  bool between_streams_ = false;  // at the very start only after a first stream
};

}  // namespace asyndgan::data::files
