// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

/// What a file's header says is compared with the file before ITK sees it: ITK's readers print
/// on standard error, allocate what a header asks for, return part of an image, or (libpng) abort.
namespace asyndgan::data::files {

/// Errors  DataError naming the field, its value and what was expected.

/// Returns the offsets of the voxels that are NaN or infinite, of which niftilib makes zeros.
std::vector<std::size_t> check_nifti(const std::filesystem::path& path, std::uint64_t max_voxels);
void check_meta_image(const std::filesystem::path& path, std::uint64_t max_voxels);
void check_png(const std::filesystem::path& path, std::uint64_t max_pixels);

inline constexpr std::size_t kDicomPreamble = 128;                      // bytes before "DICM"
inline constexpr std::uint64_t kLargestDicom = std::uint64_t{1} << 32;  // bytes of a file

/// False for a file that is not DICOM (PS3.10). Of one that is, every element must have a value
/// representation of the standard's and lie within the file: GDCM ends the program where one of the
/// meta information does not, and takes memory for whatever length an element names.
bool check_dicom_elements(const std::filesystem::path& path);

/// The UID that says how a DICOM file is encoded, from the elements before the data set.
std::string dicom_transfer_syntax(const std::vector<std::byte>& bytes);

/// Whether the pixels of a DICOM file are all there, `pixel_bytes` of them where they are not
/// compressed: GDCM fills up what is missing.
void check_dicom_pixels(const std::filesystem::path& path, std::uint64_t pixel_bytes);

/// Throws DataError unless `path` is a file with at least one byte.
void require_file(const std::filesystem::path& path);

/// "'scan.nii': " + what, as DataError.
[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what);

/// The number of voxels, once every extent is positive, those beyond the third are 1, and the
/// product is within `max_voxels`. `field` names the header's field in messages.
std::uint64_t checked_voxel_count(const std::filesystem::path& path, const std::string& field,
                                  std::span<const std::int64_t> extents, std::uint64_t max_voxels);

}  // namespace asyndgan::data::files
