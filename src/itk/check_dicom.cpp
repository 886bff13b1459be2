// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "asyndgan/core/atomic_file.hpp"
#include "header_check.hpp"

namespace asyndgan::data::files {
namespace {

constexpr std::array<std::byte, 4> kPixelData{std::byte{0xe0}, std::byte{0x7f}, std::byte{0x10},
                                              std::byte{0x00}};  // (7FE0,0010), little-endian
constexpr std::array<std::byte, 8> kEndOfFragments{
    std::byte{0xfe}, std::byte{0xff}, std::byte{0xdd}, std::byte{0xe0}};  // (FFFE,E0DD), length 0

std::uint32_t length_at(const std::vector<std::byte>& bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

std::string dicom_transfer_syntax(const std::vector<std::byte>& bytes) {
  constexpr std::array<std::byte, 6> kTag{std::byte{0x02}, std::byte{0x00}, std::byte{0x10},
                                          std::byte{0x00}, std::byte{'U'},  std::byte{'I'}};
  const auto end =
      bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), 4096));
  const auto found = std::search(bytes.begin(), end, kTag.begin(), kTag.end());
  if (end - found < 8) return "1.2.840.10008.1.2";  // what files without these elements use
  const auto at = static_cast<std::size_t>(found - bytes.begin());
  std::uint16_t length = 0;
  std::memcpy(&length, bytes.data() + at + 6, sizeof length);
  std::string uid;
  for (std::size_t i = at + 8; i < std::min(bytes.size(), at + 8 + length); ++i) {
    if (bytes[i] != std::byte{0})
      uid += static_cast<char>(std::to_integer<unsigned char>(bytes[i]));
  }
  return uid;
}

void check_dicom_pixels(const std::filesystem::path& path, std::uint64_t pixel_bytes) {
  const auto bytes = read_file(path, kLargestDicom);
  const std::string transfer_syntax = dicom_transfer_syntax(bytes);
  const auto has = [&](const char* beginning) { return transfer_syntax.starts_with(beginning); };
  const bool implicit = transfer_syntax == "1.2.840.10008.1.2";
  const bool encapsulated = has("1.2.840.10008.1.2.4.") || has("1.2.840.10008.1.2.5");
  if (!implicit && !encapsulated && transfer_syntax != "1.2.840.10008.1.2.1") {
    return;  // deflated or big-endian: GDCM notices the end itself
  }
  if (encapsulated) {
    if (std::search(bytes.begin(), bytes.end(), kEndOfFragments.begin(), kEndOfFragments.end()) ==
        bytes.end()) {
      fail(path, "truncated: the compressed pixels have no end");
    }
    return;
  }
  // Pixels follow the tag and their length: 4 bytes of it where value representations are
  // implicit, else 'OW' or 'OB', two zeros and 4 bytes. The tag may occur by chance, or for an
  // icon; then the length is another.
  const std::size_t header = implicit ? 8 : 12;
  const std::uint64_t padded = pixel_bytes + pixel_bytes % 2;
  for (auto at = bytes.begin();; ++at) {
    at = std::search(at, bytes.end(), kPixelData.begin(), kPixelData.end());
    const auto begin = static_cast<std::uint64_t>(at - bytes.begin());
    if (begin + header > bytes.size()) break;
    if (length_at(bytes, begin + header - 4) != padded) continue;
    if (begin + header + pixel_bytes <= bytes.size()) return;
    fail(path, "truncated: " + std::to_string(bytes.size() - begin - header) +
                   " bytes of pixels, expected " + std::to_string(pixel_bytes));
  }
  fail(path, "no pixel data of " + std::to_string(pixel_bytes) + " bytes");
}

}  // namespace asyndgan::data::files
