// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"
#include "header_check.hpp"

namespace asyndgan::data::files {
namespace {

using Bytes = std::span<const std::byte>;

std::uint32_t big_endian(Bytes bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  }
  return value;
}

struct Chunk {
  std::string type;
  Bytes data;
};

/// The chunks of a PNG, checksums verified. Throws unless they fill the file and end with IEND.
std::vector<Chunk> chunks_of(const std::filesystem::path& path, Bytes bytes) {
  constexpr std::array<unsigned char, 8> kSignature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  if (bytes.size() < kSignature.size() ||
      !std::equal(kSignature.begin(), kSignature.end(), bytes.begin(),
                  [](unsigned char a, std::byte b) { return std::byte{a} == b; })) {
    fail(path, "not a PNG (the signature of 8 bytes is missing)");
  }
  std::vector<Chunk> chunks;
  std::size_t at = kSignature.size();
  while (chunks.empty() || chunks.back().type != "IEND") {
    const std::size_t left = bytes.size() - at;
    if (left < 12 || big_endian(bytes, at) > left - 12) {
      fail(path, "truncated: " + std::to_string(bytes.size()) + " bytes, the chunk at byte " +
                     std::to_string(at) + " ends later");
    }
    const std::size_t length = big_endian(bytes, at);
    Chunk chunk{.type = {}, .data = bytes.subspan(at + 8, length)};
    for (std::size_t i = 4; i < 8; ++i) {
      chunk.type += static_cast<char>(std::to_integer<unsigned char>(bytes[at + i]));
    }
    const auto* checked = reinterpret_cast<const unsigned char*>(bytes.data() + at + 4);
    const auto checksum = crc32_z(crc32_z(0, nullptr, 0), checked, length + 4);
    if (checksum != big_endian(bytes, at + 8 + length)) {
      fail(path, "damaged: the checksum of the chunk at byte " + std::to_string(at) +
                     " does not fit its contents");
    }
    chunks.push_back(chunk);
    at += length + 12;
  }
  return chunks;
}

/// The fields of IHDR that decide how many bytes the picture has.
struct PngHeader {
  std::uint64_t width = 0;
  std::uint64_t height = 0;
  unsigned depth = 0;
  unsigned color = 0;
  unsigned interlace = 0;

  [[nodiscard]] std::uint64_t samples() const {
    constexpr std::array<std::uint64_t, 7> kSamples{1, 0, 3, 1, 2, 0, 4};
    return kSamples.at(color);
  }
  [[nodiscard]] std::uint64_t row_bytes(std::uint64_t pixels) const {
    return (pixels * samples() * depth + 7) / 8;
  }
};

PngHeader header_of(const std::filesystem::path& path, const Chunk& chunk) {
  if (chunk.type != "IHDR" || chunk.data.size() != 13) fail(path, "no IHDR of 13 bytes at first");
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(chunk.data[i]); };
  const PngHeader header{.width = big_endian(chunk.data, 0),
                         .height = big_endian(chunk.data, 4),
                         .depth = byte(8),
                         .color = byte(9),
                         .interlace = byte(12)};
  const unsigned d = header.depth;
  const bool narrow = d == 1 || d == 2 || d == 4;
  const bool known =
      (header.color == 0 && (narrow || d == 8 || d == 16)) ||
      (header.color == 3 && (narrow || d == 8)) ||
      ((header.color == 2 || header.color == 4 || header.color == 6) && (d == 8 || d == 16));
  if (!known || byte(10) != 0 || byte(11) != 0 || header.interlace > 1) {
    fail(path, "IHDR has bit depth " + std::to_string(d) + " and colour type " +
                   std::to_string(header.color) + ", which no PNG may have");
  }
  return header;
}

/// Bytes per row and number of rows of the picture, or of the seven passes of an interlaced one.
std::vector<std::pair<std::uint64_t, std::uint64_t>> passes_of(const PngHeader& header) {
  if (header.interlace == 0) return {{header.row_bytes(header.width), header.height}};
  constexpr std::array<std::array<std::uint64_t, 4>, 7> kAdam7{
      {{0, 0, 8, 8},
       {4, 0, 8, 8},
       {0, 4, 4, 8},
       {2, 0, 4, 4},
       {0, 2, 2, 4},
       {1, 0, 2, 2},
       {0, 1, 1, 2}}};  // first column, first row, column step, row step
  std::vector<std::pair<std::uint64_t, std::uint64_t>> passes;
  for (const auto& [x, y, dx, dy] : kAdam7) {
    const std::uint64_t columns = header.width > x ? (header.width - x + dx - 1) / dx : 0;
    const std::uint64_t rows = header.height > y ? (header.height - y + dy - 1) / dy : 0;
    if (columns > 0 && rows > 0) passes.emplace_back(header.row_bytes(columns), rows);
  }
  return passes;
}

/// What the IDAT chunks inflate to. Throws if that is not what the header announces.
std::vector<unsigned char> inflate_picture(const std::filesystem::path& path,
                                           const std::vector<Chunk>& chunks,
                                           std::uint64_t expected) {
  std::vector<unsigned char> picture(expected + 1);
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
  stream.next_out = picture.data();
  std::uint64_t produced = 0;
  int status = Z_OK;
  for (const Chunk& chunk : chunks) {
    if (chunk.type != "IDAT" || status != Z_OK) continue;
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(chunk.data.data()));
    stream.avail_in = static_cast<uInt>(chunk.data.size());  // chunk lengths have 32 bits
    while (stream.avail_in > 0 && status == Z_OK) {
      stream.avail_out = static_cast<uInt>(
          std::min<std::uint64_t>(picture.size() - produced, std::uint64_t{1} << 30));
      const uInt room = stream.avail_out;
      status = inflate(&stream, Z_NO_FLUSH);
      produced += room - stream.avail_out;
      if (room == 0) break;
    }
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || produced != expected) {
    fail(path, "the picture inflates to " + std::to_string(produced) + " bytes, expected " +
                   std::to_string(expected) + (status == Z_DATA_ERROR ? " (damaged)" : ""));
  }
  picture.pop_back();
  return picture;
}

}  // namespace

void check_png(const std::filesystem::path& path, std::uint64_t max_pixels) {
  require_file(path);
  const auto bytes = read_file(path, max_pixels * 8 + (std::size_t{1} << 20));
  const auto chunks = chunks_of(path, bytes);
  const PngHeader header = header_of(path, chunks.front());
  const std::array<std::int64_t, 2> extents{static_cast<std::int64_t>(header.width),
                                            static_cast<std::int64_t>(header.height)};
  checked_voxel_count(path, "size", extents, max_pixels);
  const auto is = [](const char* type) {
    return [type](const Chunk& chunk) { return chunk.type == type; };
  };
  const auto first_data = std::find_if(chunks.begin(), chunks.end(), is("IDAT"));
  const auto palette = std::find_if(chunks.begin(), first_data, is("PLTE"));
  if (header.color == 3 && (palette == first_data || palette->data.size() % 3 != 0 ||
                            palette->data.empty() || palette->data.size() > 768)) {
    fail(path, "a palette image without a palette before its pixels");
  }
  const auto passes = passes_of(header);
  std::uint64_t expected = 0;
  for (const auto& [row_bytes, rows] : passes) expected += (row_bytes + 1) * rows;
  const auto picture = inflate_picture(path, chunks, expected);
  std::size_t at = 0;
  for (const auto& [row_bytes, rows] : passes) {
    for (std::uint64_t row = 0; row < rows; ++row, at += row_bytes + 1) {
      if (picture[at] > 4) {
        fail(path, "row " + std::to_string(row) + " has filter " + std::to_string(picture[at]) +
                       ", expected 0 to 4");
      }
    }
  }
}

}  // namespace asyndgan::data::files
