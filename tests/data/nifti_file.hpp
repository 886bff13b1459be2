// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace asyndgan::test {

/// A NIfTI-1 file written field by field, so that any field can be wrong.
/// Source  nifti1.h: offsets of the fields.
struct NiftiFile {
  std::int32_t sizeof_hdr = 348;
  std::array<std::int16_t, 8> dim{3, 4, 3, 2, 1, 1, 1, 1};
  std::int16_t datatype = 2;  // unsigned 8 bit
  std::int16_t bitpix = 8;
  std::array<float, 8> pixdim{1, 1, 1, 1, 1, 1, 1, 1};
  float vox_offset = 352;
  float scl_slope = 0;
  float scl_inter = 0;
  std::array<float, 12> rows{-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0};  // RAS; LPS identity
  std::string magic = "n+1";
  std::string voxels = std::string(24, '\1');

  [[nodiscard]] std::string bytes() const { return header(false) + voxels; }
  /// The header as a big-endian machine writes it.
  [[nodiscard]] std::string big_endian_header() const { return header(true); }
  void write(const std::filesystem::path& path) const {
    std::ofstream(path, std::ios::binary) << bytes();
  }

 private:
  [[nodiscard]] std::string header(bool swapped) const {
    std::string all(352, '\0');
    const auto put = [&](std::size_t at, auto value) {
      std::memcpy(all.data() + at, &value, sizeof value);
      if (swapped)
        std::reverse(all.begin() + static_cast<long>(at),
                     all.begin() + static_cast<long>(at + sizeof value));
    };
    put(0, sizeof_hdr);
    for (std::size_t i = 0; i < dim.size(); ++i) put(40 + 2 * i, dim[i]);
    put(70, datatype);
    put(72, bitpix);
    for (std::size_t i = 0; i < pixdim.size(); ++i) put(76 + 4 * i, pixdim[i]);
    put(108, vox_offset);
    put(112, scl_slope);
    put(116, scl_inter);
    put(254, std::int16_t{1});  // sform_code: rows are valid
    for (std::size_t i = 0; i < rows.size(); ++i) put(280 + 4 * i, rows[i]);
    std::memcpy(all.data() + 344, magic.data(), magic.size());
    return all;
  }
};

}  // namespace asyndgan::test
