// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "nifti_file.hpp"
#include "support/catch.hpp"
#include "support/refusal.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::data {
namespace {

using test::NiftiFile;
using test::refusal;
using test::TemporaryFolder;

template <class Change>
std::string refused_nifti(const Change& change, const ReadOptions& options = {}) {
  const TemporaryFolder folder;
  NiftiFile file;
  change(file);
  file.write(folder / "v.nii");
  return refusal(folder, [&] { return read_volume(folder / "v.nii", options); });
}

TEST_CASE("The hand-written NIfTI file is sound", "[data]") {
  CHECK(refused_nifti([](NiftiFile&) {}) == "accepted");
}

TEST_CASE("A NIfTI header that is wrong in one field is refused, naming it", "[data]") {
  CHECK(refused_nifti([](NiftiFile& file) { file.dim[2] = -3; }) ==
        "'v.nii': dim is 4x-3x2, expected extents of at least 1");
  CHECK(refused_nifti([](NiftiFile& file) { file.dim[1] = 0; }) ==
        "'v.nii': dim is 0x3x2, expected extents of at least 1");
  CHECK(refused_nifti([](NiftiFile& file) { file.dim = {3, 32767, 32767, 32767, 1, 1, 1, 1}; }) ==
        "'v.nii': dim is 32767x32767x32767, more than the limit of 536870912 voxels");
  CHECK(refused_nifti([](NiftiFile& file) { file.dim = {4, 4, 3, 1, 2, 1, 1, 1}; }) ==
        "'v.nii': dim is 4x3x1x2, expected a volume of three dimensions");
  CHECK(refused_nifti([](NiftiFile& file) { file.dim[0] = 9; }) ==
        "'v.nii': dim[0] is 9, expected 1 to 7 dimensions");
  CHECK(refused_nifti([](NiftiFile& file) { file.datatype = 128; }) ==
        "'v.nii': datatype is 128, expected one real number per voxel (2, 4, 8, 16, 64, 256, 512, "
        "768, 1024 or 1280)");
  CHECK(refused_nifti([](NiftiFile& file) { file.bitpix = 16; }) ==
        "'v.nii': bitpix is 16, expected 8 for datatype 2");
  CHECK(refused_nifti([](NiftiFile& file) { file.pixdim[2] = 0; }) ==
        "'v.nii': pixdim[2] is 0, expected a spacing");
  CHECK(refused_nifti([](NiftiFile& file) {
          file.pixdim[3] = std::numeric_limits<float>::infinity();
        }) == "'v.nii': pixdim[3] is inf, expected a spacing");
  CHECK(refused_nifti([](NiftiFile& file) { file.vox_offset = 0; }) ==
        "'v.nii': vox_offset is 0, expected at least 352");
  CHECK(refused_nifti([](NiftiFile& file) { file.vox_offset = 1e30F; }) ==
        "'v.nii': vox_offset is 1e+30, expected at least 352");
  CHECK(refused_nifti([](NiftiFile& file) { file.vox_offset = 4096; }) ==
        "'v.nii': truncated: 376 bytes, expected 4120");
  CHECK(refused_nifti([](NiftiFile& file) { file.vox_offset = 16777200; }) ==
        "'v.nii': truncated: 376 bytes, expected 16777224");
  CHECK(refused_nifti([](NiftiFile& file) { file.magic = "ni1"; }) ==
        "'v.nii': magic is 'ni1', expected 'n+1', NIfTI-1 with header and voxels in one file");
  CHECK(refused_nifti([](NiftiFile& file) { file.sizeof_hdr = 540; }) ==
        "'v.nii': not a NIfTI-1 file (sizeof_hdr is neither 348 nor 348 in the other byte order)");
  CHECK_THAT(refused_nifti([](NiftiFile& file) { file.rows[1] = -0.5F; }),
             Catch::StartsWith("'v.nii': ") && Catch::Contains("orthonormal"));
}

TEST_CASE("The limit on voxels is the caller's to set", "[data]") {
  const auto keep = [](NiftiFile&) {};
  CHECK(refused_nifti(keep, {.max_voxels = 23}) ==
        "'v.nii': dim is 4x3x2, more than the limit of 23 voxels");
  CHECK(refused_nifti(keep, {.max_voxels = 24}) == "accepted");
}

TEST_CASE("A fourth dimension of length 1 is none", "[data]") {
  CHECK(refused_nifti([](NiftiFile& file) { file.dim = {4, 4, 3, 2, 1, 1, 1, 1}; }) == "accepted");
}

TEST_CASE("A rescaled NIfTI gives rescaled intensities", "[data]") {
  const TemporaryFolder folder;
  NiftiFile file;
  file.scl_slope = 2.5F;
  file.scl_inter = -1000;
  file.voxels[5] = '\7';
  file.write(folder / "v.nii");
  const Volume volume = read_volume(folder / "v.nii");
  CHECK(volume.voxels[0] == -997.5F);
  CHECK(volume.voxels[5] == -982.5F);
  CHECK(volume.grid == Grid{.size = {4, 3, 2}});
}

TEST_CASE("A NIfTI cut at any byte is refused, compressed or not", "[data]") {
  const TemporaryFolder folder;
  Volume volume{.grid = {.size = {7, 5, 3}}, .voxels = std::vector<float>(105), .unit = {}};
  for (std::size_t i = 0; i < 105; ++i) volume.voxels[i] = std::sin(static_cast<float>(i));
  for (const std::string name : {"v.nii", "v.nii.gz", "v.mha"}) {
    const auto path = folder / name;
    write_volume(path, volume);
    const auto whole = std::filesystem::file_size(path);
    for (auto size = whole; size-- > 0;) {
      std::filesystem::resize_file(path, size);
      const std::string message = refusal(folder, [&] { return read_volume(path); });
      CAPTURE(name, size, whole, message);
      REQUIRE_THAT(message, Catch::StartsWith("'" + name + "': "));
    }
  }
  CHECK(refusal(folder, [&] { return read_volume(folder / "v.nii"); }) ==
        "'v.nii': the file is empty");
  write_volume(folder / "v.nii", volume);
  std::filesystem::resize_file(folder / "v.nii", 500);
  CHECK(refusal(folder, [&] { return read_volume(folder / "v.nii"); }) ==
        "'v.nii': truncated: 500 bytes, expected 772");
  std::filesystem::resize_file(folder / "v.nii", 100);
  CHECK(refusal(folder, [&] { return read_volume(folder / "v.nii"); }) ==
        "'v.nii': truncated: 100 bytes, expected 348");
}

/// Keeps what libraries below ITK print on std::cerr off the terminal.
class QuietErrors {
 public:
  QuietErrors() : before_(std::cerr.rdbuf(text_.rdbuf())) {}
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
  ~QuietErrors() { std::cerr.rdbuf(before_); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};

/// Reads a file with each of its bytes changed; returns how many of the changes were refused.
template <class F>
std::size_t refused_changes(const std::filesystem::path& path, const F& read) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const QuietErrors quiet;
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    std::ofstream(path, std::ios::binary) << changed;
    try {
      (void)read();
    } catch (const DataError&) {
      ++refused;
    }
  }
  std::ofstream(path, std::ios::binary) << bytes;
  return refused;
}

TEST_CASE("A file with one byte changed is read or refused, never worse", "[data]") {
  const TemporaryFolder folder;
  NiftiFile().write(folder / "v.nii");
  const Volume volume = read_volume(folder / "v.nii");
  write_volume(folder / "v.nii.gz", volume);
  write_volume(folder / "v.mha", volume);
  const Image2d image{.height = 3, .width = 5, .samples = std::vector<std::uint16_t>(15, 7)};
  write_image2d(folder / "i.png", image);
  write_image2d(folder / "i.tif", image);
  for (const std::string name : {"v.nii", "v.nii.gz", "v.mha"}) {
    CAPTURE(name);
    const auto path = folder / name;
    CHECK(refused_changes(path, [&] { return read_volume(path); }) > 20);
  }
  // Checksums cover all of a PNG; a TIFF has none.
  const auto png = folder / "i.png";
  CHECK(refused_changes(png, [&] { return read_image2d(png); }) == std::filesystem::file_size(png));
  const auto tiff = folder / "i.tif";
  CHECK(refused_changes(tiff, [&] { return read_image2d(tiff); }) > 20);
}

TEST_CASE("A MetaImage header that is wrong in one field is refused, naming it", "[data]") {
  const auto refused = [](const std::string& header, std::size_t bytes = 24) {
    const TemporaryFolder folder;
    std::ofstream(folder / "v.mha", std::ios::binary) << header << std::string(bytes, '\1');
    return refusal(folder, [&] { return read_volume(folder / "v.mha"); });
  };
  const std::string end = "ElementType = MET_UCHAR\nElementDataFile = LOCAL\n";
  CHECK(refused("ObjectType = Image\nNDims = 3\nDimSize = 4 3 2\n" + end) == "accepted");
  CHECK(refused("NDims = 3\nDimSize = 4 -3 2\n" + end) ==
        "'v.mha': DimSize is 4x-3x2, expected extents of at least 1");
  CHECK(refused("NDims = 3\nDimSize = 4 3\n" + end) ==
        "'v.mha': DimSize has 2 numbers, expected NDims = 3");
  CHECK(refused("NDims = 3\nDimSize = 4 3 2.5\n" + end) ==
        "'v.mha': DimSize is '2.5', expected an integer");
  CHECK(refused("NDims = 3\nDimSize = 99999999999 99999999999 2\n" + end) ==
        "'v.mha': DimSize is 99999999999x99999999999x2, more than the limit of 536870912 voxels");
  CHECK(refused("NDims = 3\n" + end) == "'v.mha': the header has no field DimSize");
  CHECK(refused("NDims = 3\nDimSize = 4 3 2\n" + end, 20) ==
        "'v.mha': truncated: 20 bytes of voxels, expected 24");
  CHECK(refused("NDims = 3\nDimSize = 4 3 2\nElementType = MET_UCHAR_ARRAY\nElementDataFile = "
                "LOCAL\n") ==
        "'v.mha': ElementType is 'MET_UCHAR_ARRAY', expected one number per voxel, such as "
        "MET_SHORT");
  CHECK(refused("NDims = 3\nDimSize = 4 3 2\nElementNumberOfChannels = 3\n" + end) ==
        "'v.mha': ElementNumberOfChannels is 3, expected 1");
  CHECK(refused("NDims = 3\nDimSize = 4 3 2\nElementType = MET_UCHAR\nElementDataFile = v.raw\n") ==
        "'v.mha': ElementDataFile is 'v.raw', no such file");
  CHECK(refused("NDims = 3\nDimSize = 4 3 2\nElementType = MET_UCHAR\nElementDataFile = LIST\n") ==
        "'v.mha': ElementDataFile is 'LIST', expected LOCAL or the name of one file");
  CHECK(refused("no image\n") == "'v.mha': not a MetaImage (a header line without '=')");
}

TEST_CASE("A MetaImage of two files is read", "[data]") {
  const TemporaryFolder folder;
  std::ofstream(folder / "v.mhd") << "ObjectType = Image\nNDims = 3\nDimSize = 4 3 2\n"
                                     "ElementSpacing = 1 2 3\nElementType = MET_UCHAR\n"
                                     "ElementDataFile = v.raw\n";
  std::ofstream(folder / "v.raw") << std::string(24, '\5');
  const Volume volume = read_volume(folder / "v.mhd");
  CHECK(volume.voxels == std::vector<float>(24, 5));
  CHECK(volume.grid.spacing == std::array<double, 3>{1, 2, 3});
  std::filesystem::resize_file(folder / "v.raw", 23);
  CHECK(refusal(folder, [&] { return read_volume(folder / "v.mhd"); }) ==
        "'v.raw': truncated: 23 bytes of voxels, expected 24");
}

TEST_CASE("Voxels that are no numbers are refused, or replaced where the caller says so",
          "[data]") {
  const TemporaryFolder folder;
  Volume volume{.grid = {.size = {4, 3, 2}}, .voxels = std::vector<float>(24, 1), .unit = {}};
  volume.voxels[17] = std::numeric_limits<float>::quiet_NaN();
  volume.voxels[20] = -std::numeric_limits<float>::infinity();
  for (const std::string name : {"v.nii", "v.nii.gz", "v.mha"}) {
    const auto path = folder / name;
    write_volume(path, volume);
    CHECK(refusal(folder, [&] { return read_volume(path); }) ==
          "'" + name +
              "': voxel (1, 1, 1) is nan, one of 2 that are not finite "
              "(ReadOptions::replace_non_finite stands in for them)");
    const Volume settled = read_volume(path, {.replace_non_finite = -3.0F});
    CHECK(settled.at(1, 1, 1) == -3);
    CHECK(settled.at(0, 2, 1) == -3);
    CHECK(settled.at(0, 0, 0) == 1);
  }
}

TEST_CASE("NaN is found in double precision and in the other byte order too", "[data]") {
  const auto big_endian = [](double value) {
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &value, 8);
    return std::string(bytes.rbegin(), bytes.rend());
  };
  NiftiFile file;
  file.datatype = 64;
  file.bitpix = 64;
  file.voxels.clear();
  for (int i = 0; i < 24; ++i) file.voxels += big_endian(i == 6 ? std::nan("") : 0.5 * i);
  const TemporaryFolder folder;
  const std::string bytes = file.big_endian_header() + file.voxels;
  std::ofstream(folder / "v.nii", std::ios::binary) << bytes;
  CHECK_THAT(refusal(folder, [&] { return read_volume(folder / "v.nii"); }),
             Catch::StartsWith("'v.nii': voxel (2, 1, 0) is nan"));
  const Volume volume = read_volume(folder / "v.nii", {.replace_non_finite = 99.0F});
  CHECK(volume.at(2, 1, 0) == 99);
  CHECK(volume.at(3, 2, 1) == 11.5F);
}

TEST_CASE("Labels that are no labels are refused, with value and place", "[data]") {
  const TemporaryFolder folder;
  Volume volume{.grid = {.size = {4, 3, 2}}, .voxels = std::vector<float>(24, 1), .unit = {}};
  const auto refused = [&](float value) {
    volume.voxels[23] = value;
    write_volume(folder / "v.nii", volume);
    return refusal(folder, [&] { return read_label_volume(folder / "v.nii"); });
  };
  CHECK(refused(0.5F) ==
        "'v.nii': label 0.5 at voxel (3, 2, 1), expected integers from 0 to 65535");
  CHECK(refused(-1) == "'v.nii': label -1 at voxel (3, 2, 1), expected integers from 0 to 65535");
  CHECK(refused(65536) ==
        "'v.nii': label 65536 at voxel (3, 2, 1), expected integers from 0 to 65535");
  CHECK(refused(std::numeric_limits<float>::quiet_NaN()) ==
        "'v.nii': label nan at voxel (3, 2, 1), expected integers from 0 to 65535");
  CHECK(refused(65535) == "accepted");
}

TEST_CASE("Missing files and unknown kinds are refused", "[data]") {
  const TemporaryFolder folder;
  CHECK(refusal(folder, [&] { return read_volume(folder / "none.nii"); }) ==
        "'none.nii': no such file");
  std::ofstream(folder / "v.xyz") << "x";
  CHECK(refusal(folder, [&] { return read_volume(folder / "v.xyz"); }) ==
        "'v.xyz': unsupported extension, expected .nii, .nii.gz, .mha, .mhd or a folder with a "
        "DICOM series");
  CHECK(refusal(folder, [&] { return read_image2d(folder / "v.xyz"); }) ==
        "'v.xyz': unsupported extension, expected .png, .tif or .tiff");
  std::ofstream(folder / "v.nii.gz") << "this is not compressed at all";
  CHECK(refusal(folder, [&] { return read_volume(folder / "v.nii.gz"); }) ==
        "'v.nii.gz': compressed data is damaged after 0 bytes (incorrect header check)");
}

}  // namespace
}  // namespace asyndgan::data
