// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace asyndgan::test {

/// One slice as a DICOM file, written element by element (explicit VR, little-endian), so that
/// the reader is tested against something that is not ITK.
/// Source  DICOM PS3.5 section 7.1.2 and PS3.10 section 7.
struct DicomFile {
  int rows = 2;
  int columns = 3;
  std::vector<std::int16_t> pixels = std::vector<std::int16_t>(6);
  std::string modality = "CT";
  std::string series = "1.2.826.0.1.3680043.9.1";
  std::string position = "-10\\-20\\30";         // (0020,0032), mm, LPS
  std::string orientation = "1\\0\\0\\0\\1\\0";  // (0020,0037), along rows, along columns
  std::string pixel_spacing = "0.5\\0.25";       // (0028,0030), row to row, column to column
  std::string slope = "1";
  std::string intercept = "-1024";
  std::string rescale_type;  // (0028,1054), left out where empty
  std::string more_meta;     // elements, as element() writes them
  std::string more_data;
  int number = 1;

  void write(const std::filesystem::path& path) const {
    std::string meta = more_meta;
    element(meta, 0x0002, 0x0002, "UI", "1.2.840.10008.5.1.4.1.1.2");
    element(meta, 0x0002, 0x0003, "UI", series + "." + std::to_string(number));
    element(meta, 0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1");
    std::string data = std::string(128, '\0') + "DICM";
    element(data, 0x0002, 0x0000, "UL", number_bytes(static_cast<std::uint32_t>(meta.size())));
    data += meta;
    element(data, 0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.2");
    element(data, 0x0008, 0x0018, "UI", series + "." + std::to_string(number));
    element(data, 0x0008, 0x0060, "CS", modality);
    data += more_data;
    element(data, 0x0018, 0x0050, "DS", "9");
    element(data, 0x0020, 0x000d, "UI", "1.2.826.0.1.3680043.9");
    element(data, 0x0020, 0x000e, "UI", series);
    element(data, 0x0020, 0x0013, "IS", std::to_string(number));
    if (!position.empty()) element(data, 0x0020, 0x0032, "DS", position);
    element(data, 0x0020, 0x0037, "DS", orientation);
    element(data, 0x0028, 0x0002, "US", number_bytes(std::uint16_t{1}));
    element(data, 0x0028, 0x0004, "CS", "MONOCHROME2");
    element(data, 0x0028, 0x0010, "US", number_bytes(static_cast<std::uint16_t>(rows)));
    element(data, 0x0028, 0x0011, "US", number_bytes(static_cast<std::uint16_t>(columns)));
    element(data, 0x0028, 0x0030, "DS", pixel_spacing);
    element(data, 0x0028, 0x0100, "US", number_bytes(std::uint16_t{16}));
    element(data, 0x0028, 0x0101, "US", number_bytes(std::uint16_t{16}));
    element(data, 0x0028, 0x0102, "US", number_bytes(std::uint16_t{15}));
    element(data, 0x0028, 0x0103, "US", number_bytes(std::uint16_t{1}));
    element(data, 0x0028, 0x1052, "DS", intercept);
    element(data, 0x0028, 0x1053, "DS", slope);
    if (!rescale_type.empty()) element(data, 0x0028, 0x1054, "LO", rescale_type);
    std::string values(pixels.size() * 2, '\0');
    std::memcpy(values.data(), pixels.data(), values.size());
    element(data, 0x7fe0, 0x0010, "OW", values);
    std::ofstream(path, std::ios::binary) << data;
  }

  /// Appends one that says it is `length` bytes long, whatever `value` has.
  static void lying_element(std::string& to, std::uint16_t group, std::uint16_t tag,
                            const std::string& kind, std::uint32_t length,
                            const std::string& value) {
    to += number_bytes(group) + number_bytes(tag) + kind + std::string(2, '\0') +
          number_bytes(length) + value;
  }
  static void element(std::string& to, std::uint16_t group, std::uint16_t tag,
                      const std::string& kind, std::string value) {
    if (value.size() % 2 != 0) value += kind == "UI" ? '\0' : ' ';
    to += number_bytes(group) + number_bytes(tag) + kind;
    to += kind == "OW"
              ? std::string(2, '\0') + number_bytes(static_cast<std::uint32_t>(value.size()))
              : number_bytes(static_cast<std::uint16_t>(value.size()));
    to += value;
  }

 private:
  template <class T>
  static std::string number_bytes(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
  }
};

}  // namespace asyndgan::test
