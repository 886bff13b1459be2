// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/data/file_kinds.hpp"
#include "asyndgan/data/volume.hpp"
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
  [[nodiscard]] bool swapped() const { return swapped_; }
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
    for (std::size_t i = 344; i < 348; ++i) {
      const auto code = std::to_integer<unsigned char>(bytes_[i]);
      if (i == 347 && code == 0) break;
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

/// Where a header says the voxels are.
struct Layout {
  std::uint64_t offset = 0;
  std::uint64_t voxels = 0;
  std::uint64_t voxel_bytes = 0;

  [[nodiscard]] std::uint64_t end() const { return offset + voxels * voxel_bytes; }
};

/// Throws unless the header describes one volume of real numbers.
Layout layout_of(const std::filesystem::path& path, const NiftiHeader& header,
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
  return {static_cast<std::uint64_t>(offset), voxels, static_cast<std::uint64_t>(type->second / 8)};
}

[[noreturn]] void fail_truncated(const std::filesystem::path& path, std::uint64_t found,
                                 std::uint64_t needed) {
  fail(path, "truncated: " + std::to_string(found) + " bytes, expected " + std::to_string(needed));
}

/// The file's bytes, inflated where it is compressed.
class Source {
 public:
  explicit Source(const std::filesystem::path& path) {
    if (extension_of(path, kVolumes) == ".nii.gz") {
      inflater_.emplace(path);
    } else {
      file_.open(path, std::ios::binary);
    }
  }
  std::size_t read(std::span<std::byte> to) {
    if (inflater_) return inflater_->read(to);
    file_.read(reinterpret_cast<char*>(to.data()), static_cast<std::streamsize>(to.size()));
    return static_cast<std::size_t>(file_.gcount());
  }
  /// Whether nothing is missing at the end of compressed data, its checksum included.
  bool whole(std::uint64_t most) {
    return !inflater_ || inflater_->skip_to_end(most) > most || inflater_->whole();
  }

 private:
  std::optional<Inflater> inflater_;
  std::ifstream file_;
};

template <class T>
void collect_non_finite(std::span<const std::byte> bytes, bool swapped, std::uint64_t first,
                        std::vector<std::size_t>& found) {
  for (std::size_t i = 0; i < bytes.size() / sizeof(T); ++i) {
    std::array<std::byte, sizeof(T)> raw;
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(i * sizeof(T)), sizeof(T), raw.begin());
    if (swapped) std::reverse(raw.begin(), raw.end());
    T value;
    std::memcpy(&value, raw.data(), sizeof(T));
    if (!std::isfinite(value)) found.push_back(first + i);
  }
}

}  // namespace

std::vector<std::size_t> check_nifti(const std::filesystem::path& path, std::uint64_t max_voxels) {
  require_file(path);
  Source source(path);
  std::array<std::byte, kHeaderBytes> bytes{};
  if (const std::size_t got = source.read(bytes); got < kHeaderBytes) {
    fail_truncated(path, got, kHeaderBytes);
  }
  const NiftiHeader header(bytes);
  const Layout layout = layout_of(path, header, max_voxels);
  std::vector<std::size_t> non_finite;
  std::vector<std::byte> buffer(std::size_t{1} << 20);  // a multiple of every voxel's size
  const auto read_on = [&](std::uint64_t at, std::uint64_t end) {
    const auto part = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), end - at));
    const std::size_t got = source.read(part);
    if (got < part.size()) fail_truncated(path, at + got, layout.end());
    return part;
  };
  std::uint64_t at = kHeaderBytes;
  while (at < layout.offset) at += read_on(at, layout.offset).size();
  while (at < layout.end()) {
    const auto part = read_on(at, layout.end());
    const std::uint64_t first = (at - layout.offset) / layout.voxel_bytes;
    if (header.datatype() == 16) {
      collect_non_finite<float>(part, header.swapped(), first, non_finite);
    } else if (header.datatype() == 64) {
      collect_non_finite<double>(part, header.swapped(), first, non_finite);
    }
    at += part.size();
  }
  if (!source.whole(layout.end())) {
    fail(path, "truncated: the checksum at the end of the compressed data is missing");
  }
  return non_finite;
}

}  // namespace asyndgan::data::files
