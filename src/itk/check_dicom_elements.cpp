// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"
#include "header_check.hpp"

namespace asyndgan::data::files {
namespace {

/// Value representations, and those among them whose length has 32 bits. Source: DICOM PS3.5, 6.2
/// and 7.1.2.
constexpr std::string_view kRepresentations =
    "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR "
    "US "
    "UT UV ";
constexpr std::string_view kLongRepresentations = "OB OD OF OL OV OW SQ SV UC UN UR UT UV ";

bool one_of(std::string_view list, const std::string& representation) {
  return list.find(representation + " ") != std::string_view::npos;
}

/// One element's head; what it holds begins where the walk stands.
struct DicomElement {
  static constexpr std::uint32_t kUndefined = 0xFFFFFFFF;

  std::uint16_t group = 0;
  std::uint16_t number = 0;
  std::string representation = {};  // empty where the file does not say
  std::uint32_t length = 0;

  [[nodiscard]] bool is(std::uint16_t group_, std::uint16_t number_) const {
    return group == group_ && number == number_;
  }
  [[nodiscard]] std::string name() const {
    std::array<char, 12> text{};
    (void)std::snprintf(text.data(), text.size(), "(%04x,%04x)", group, number);
    return text.data();
  }
};

/// From element to element, into sequences too.
class ElementWalk {
 public:
  ElementWalk(const std::filesystem::path& path, const std::vector<std::byte>& bytes)
      : path_(path), bytes_(bytes) {}

  void meta_information() {
    at_ = kDicomPreamble + 4;
    while (at_ + 2 <= bytes_.size() && number<std::uint16_t>(at_) == 0x0002) {
      const DicomElement element = head(bytes_.size(), /*said=*/true);
      if (element.representation == "SQ" || element.length == DicomElement::kUndefined) {
        fail(path_, element.name() + " is a sequence, which meta information may not have");
      }
      skip(element, bytes_.size(), /*said=*/true, 0);
    }
  }

  /// Up to the pixels, of which check_dicom_pixels() knows more. `said`: the file names the value
  /// representations.
  void data_set(bool said) {
    while (at_ + 8 <= bytes_.size()) {
      const DicomElement element = head(bytes_.size(), said);
      if (element.is(0x7fe0, 0x0010)) {
        require_pixels(element);
        return;
      }
      skip(element, bytes_.size(), said, 0);
    }
  }

 private:
  static constexpr int kDeepest = 32;  // sequences in one another

  template <class T>
  [[nodiscard]] T number(std::uint64_t at) const {
    T value = 0;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }

  void require(const std::string& what, std::uint64_t size, std::uint64_t end) const {
    if (size <= end - at_) return;
    fail(path_, "truncated: " + what + " needs " + std::to_string(size) + " bytes, there are " +
                    std::to_string(end - at_));
  }

  DicomElement head(std::uint64_t end, bool said) {
    require("an element", 8, end);
    DicomElement element{.group = number<std::uint16_t>(at_),
                         .number = number<std::uint16_t>(at_ + 2)};
    if (!said || element.group == 0xFFFE) {  // items and their ends have none
      element.length = number<std::uint32_t>(at_ + 4);
      at_ += 8;
      return element;
    }
    for (std::uint64_t i = at_ + 4; i < at_ + 6; ++i) {
      const int letter = std::to_integer<int>(bytes_[i]);
      element.representation += std::isalpha(letter) != 0 ? static_cast<char>(letter) : '?';
    }
    if (!one_of(kRepresentations, element.representation)) {
      fail(path_, element.name() + " has value representation '" + element.representation +
                      "', which DICOM does not have");
    }
    const bool is_long = one_of(kLongRepresentations, element.representation);
    if (is_long) require(element.name(), 12, end);
    element.length = is_long ? number<std::uint32_t>(at_ + 8) : number<std::uint16_t>(at_ + 6);
    at_ += is_long ? 12 : 8;
    return element;
  }

  void skip(const DicomElement& element, std::uint64_t end, bool said, int depth) {
    const bool undefined = element.length == DicomElement::kUndefined;
    if (!undefined) require(element.name(), element.length, end);
    if (undefined || element.representation == "SQ") {
      // Of unknown elements the standard has the contents without representations.
      items(element, undefined ? end : at_ + element.length, said && element.representation != "UN",
            depth + 1);
    } else {
      at_ += element.length;
    }
  }

  /// A sequence, to its end by length or by a mark.
  void items(const DicomElement& sequence, std::uint64_t end, bool said, int depth) {
    const bool marked = sequence.length == DicomElement::kUndefined;
    if (depth > kDeepest) {
      fail(path_,
           sequence.name() + " lies in more than " + std::to_string(kDeepest) + " sequences");
    }
    while (marked || at_ < end) {
      const DicomElement item = head(end, said);
      if (item.is(0xFFFE, 0xE0DD)) return;
      if (!item.is(0xFFFE, 0xE000)) {
        fail(path_, sequence.name() + " has " + item.name() + " where a sequence has items");
      }
      const bool item_marked = item.length == DicomElement::kUndefined;
      if (!item_marked) require("an item of " + sequence.name(), item.length, end);
      const std::uint64_t item_end = item_marked ? end : at_ + item.length;
      while (item_marked || at_ < item_end) {
        const DicomElement element = head(item_end, said);
        if (element.is(0xFFFE, 0xE00D)) break;
        skip(element, item_end, said, depth);
      }
    }
  }

  void require_pixels(const DicomElement& pixels) const {
    const std::uint64_t left = bytes_.size() - at_;
    if (pixels.length == DicomElement::kUndefined || pixels.length <= left) return;
    fail(path_, "truncated: " + std::to_string(left) + " bytes of pixels, expected " +
                    std::to_string(pixels.length));
  }

  const std::filesystem::path& path_;
  const std::vector<std::byte>& bytes_;
  std::uint64_t at_ = 0;
};

}  // namespace

bool check_dicom_elements(const std::filesystem::path& path) {
  std::array<char, kDicomPreamble + 4> begin{};
  std::ifstream(path, std::ios::binary).read(begin.data(), begin.size());
  if (std::string_view(begin.data() + kDicomPreamble, 4) != "DICM") return false;
  const auto bytes = read_file(path, kLargestDicom);
  ElementWalk walk(path, bytes);
  walk.meta_information();
  const std::string syntax = dicom_transfer_syntax(bytes);
  // Neither a deflated data set nor a big-endian one, both of which are hardly met.
  if (syntax == "1.2.840.10008.1.2.1.99" || syntax == "1.2.840.10008.1.2.2") return true;
  walk.data_set(/*said=*/syntax != "1.2.840.10008.1.2");
  return true;
}

}  // namespace asyndgan::data::files
