// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "asyndgan/data/volume.hpp"
#include "extension.hpp"
#include "header_check.hpp"
#include "inflater.hpp"

namespace asyndgan::data::files {
namespace {

constexpr std::size_t kHeaderBytes = 348;  // and 4 that say whether extensions follow

/// A NIfTI-1 header, in either byte order. Source: nifti1.h of the NIfTI project.
class NiftiHeader {
 public:
  explicit NiftiHeader(const std::array<std::byte, kHeaderBytes>& bytes) : bytes_(bytes) {
    swapped_ = number<std::int32_t>(0) != 348;
  }
  template <class T>
  [[nodiscard]] T number(std::size_t offset) const {
    std::array<std::byte, sizeof(T)> raw;
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), sizeof(T), raw.begin());
    if (swapped_) std::reverse(raw.begin(), raw.end());
    T value;
    std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }
  [[nodiscard]] std::int32_t sizeof_hdr() const { return number<std::int32_t>(0); }
  [[nodiscard]] std::int16_t dim(std::size_t i) const { return number<std::int16_t>(40 + 2 * i); }
  [[nodiscard]] std::int16_t datatype() const { return number<std::int16_t>(70); }
  [[nodiscard]] std::int16_t bitpix() const { return number<std::int16_t>(72); }
  [[nodiscard]] float pixdim(std::size_t i) const { return number<float>(76 + 4 * i); }
  [[nodiscard]] float vox_offset() const { return number<float>(108); }
  [[nodiscard]] std::string magic() const {
    std::string text;
    for (std::size_t i = 344; i < 347; ++i) {
      const auto code = std::to_integer<unsigned char>(bytes_[i]);
      text += code >= 32 && code < 127 ? static_cast<char>(code) : '?';
    }
    return text;
  }

 private:
  const std::array<std::byte, kHeaderBytes>& bytes_;
  bool swapped_ = false;
};

/// Bits per voxel of the data types with one real number per voxel.
const std::map<int, int> kRealTypes{{2, 8},   {4, 16},   {8, 32},   {16, 32},   {64, 64},
                                    {256, 8}, {512, 16}, {768, 32}, {1024, 64}, {1280, 64}};

/// Throws unless the header describes one volume of real numbers; returns the number of bytes
/// the uncompressed file must have.
std::uint64_t required_bytes(const std::filesystem::path& path, const NiftiHeader& header,
                             std::uint64_t max_voxels) {
  if (header.sizeof_hdr() != 348) {
    fail(path, "not a NIfTI-1 file (sizeof_hdr is neither 348 nor 348 in the other byte order)");
  }
  if (header.magic() != "n+1") {
    fail(path, "magic is '" + header.magic() +
                   "', expected 'n+1', NIfTI-1 with header and voxels in one file");
  }
  const int rank = header.dim(0);
  if (rank < 1 || rank > 7) {
    fail(path, "dim[0] is " + std::to_string(rank) + ", expected 1 to 7 dimensions");
  }
  std::vector<std::int64_t> extents;
  for (int i = 1; i <= rank; ++i) extents.push_back(header.dim(static_cast<std::size_t>(i)));
  const std::uint64_t voxels = checked_voxel_count(path, "dim", extents, max_voxels);
  const auto type = kRealTypes.find(header.datatype());
  if (type == kRealTypes.end()) {
    fail(path, "datatype is " + std::to_string(header.datatype()) +
                   ", expected one real number per voxel (2, 4, 8, 16, 64, 256, 512, 768, 1024 or "
                   "1280)");
  }
  if (header.bitpix() != type->second) {
    fail(path, "bitpix is " + std::to_string(header.bitpix()) + ", expected " +
                   std::to_string(type->second) + " for datatype " +
                   std::to_string(header.datatype()));
  }
  for (std::size_t i = 1; i <= static_cast<std::size_t>(std::min(rank, 3)); ++i) {
    const float spacing = header.pixdim(i);
    if (!std::isfinite(spacing) || spacing == 0) {
      fail(path, "pixdim[" + std::to_string(i) + "] is " +
                     detail::number(static_cast<double>(spacing)) + ", expected a spacing");
    }
  }
  const float offset = header.vox_offset();
  if (!(offset >= 352 && offset < 0x1p24F)) {
    fail(path, "vox_offset is " + detail::number(static_cast<double>(offset)) +
                   ", expected at least 352");
  }
  return static_cast<std::uint64_t>(offset) + voxels * static_cast<std::uint64_t>(type->second / 8);
}

[[noreturn]] void fail_truncated(const std::filesystem::path& path, std::uint64_t found,
                                 std::uint64_t needed) {
  fail(path, "truncated: " + std::to_string(found) + " bytes, expected " + std::to_string(needed));
}

}  // namespace

void check_nifti(const std::filesystem::path& path, std::uint64_t max_voxels) {
  require_file(path);
  std::array<std::byte, kHeaderBytes> bytes{};
  if (!has_extension(path, ".gz")) {
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), kHeaderBytes);
    if (file.gcount() < static_cast<std::streamsize>(kHeaderBytes)) {
      fail_truncated(path, static_cast<std::uint64_t>(file.gcount()), kHeaderBytes);
    }
    const std::uint64_t needed = required_bytes(path, NiftiHeader(bytes), max_voxels);
    const std::uint64_t found = std::filesystem::file_size(path);
    if (found < needed) fail_truncated(path, found, needed);
    return;
  }
  Inflater contents(path);
  if (const std::size_t got = contents.read(bytes); got < kHeaderBytes) {
    fail_truncated(path, got, kHeaderBytes);
  }
  const std::uint64_t needed = required_bytes(path, NiftiHeader(bytes), max_voxels);
  const std::uint64_t found = contents.skip_to_end(needed);
  if (found < needed) fail_truncated(path, found, needed);
  if (found == needed && !contents.whole()) {
    fail(path, "truncated: the checksum at the end of the compressed data is missing");
  }
}

}  // namespace asyndgan::data::files
