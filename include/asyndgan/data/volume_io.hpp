// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "asyndgan/data/image2d.hpp"
#include "asyndgan/data/volume.hpp"

/// Medical image files. Link `asyndgan::itk`; ITK's headers are not needed to use it.
///
/// Errors   reading throws DataError, writing WriteError; both name the file, the field, the
///          value seen and what was expected. What a header announces is checked against the
///          limits and the file's size before memory is taken for it.
/// Threads  any function may run in several threads at once; DICOM reads take turns.
namespace asyndgan::data {

struct ReadOptions {
  /// Refuse larger images: 2^29 voxels are 2 GiB of floats, a CT of 1024x1024x512.
  std::uint64_t max_voxels = std::uint64_t{1} << 29;
  /// Stands in for voxels that are NaN or infinite; without it they are refused.
  std::optional<float> replace_non_finite = std::nullopt;
};

/// A three-dimensional grey volume: NIfTI-1 (.nii, .nii.gz), MetaImage (.mha, .mhd), or a
/// folder that holds one DICOM series. Rescale slope and intercept are applied.
[[nodiscard]] Volume read_volume(const std::filesystem::path& path,
                                 const ReadOptions& options = {});

/// The same files, for labels: every value must be an integer in [0, 65535].
[[nodiscard]] LabelVolume read_label_volume(const std::filesystem::path& path,
                                            const ReadOptions& options = {});

struct DicomOptions {
  ReadOptions read = {};
  /// Series Instance UID, needed where the folder holds several series.
  std::string series = {};
  /// How far one distance between neighbouring slices may be from the usual one, relative.
  /// Positions are decimal text and often rounded to 0.1 mm; a missing slice gives 1.
  double gap_tolerance = 0.1;
};

/// One DICOM series, slices sorted by position along their normal. Refuses a series with a
/// gap, two slices at one place, slices of different size or direction, a tilted gantry and
/// multi-frame files. CT values are in "HU".
[[nodiscard]] Volume read_dicom_series(const std::filesystem::path& folder,
                                       const DicomOptions& options = {});

/// Writes .nii, .nii.gz or .mha: float voxels with grid and unit, all or nothing. The file is
/// read through and compared in length before it takes the place of an old one.
///
/// Requires  as many voxels as the grid says, sizes of at least 1, positive spacings and
///           orthonormal directions; throws ContractViolation otherwise.
void write_volume(const std::filesystem::path& path, const Volume& volume);

/// As write_volume(), 8 bits per voxel where all labels fit, else 16.
void write_label_volume(const std::filesystem::path& path, const LabelVolume& volume);

/// A PNG or TIFF (.png, .tif, .tiff), 8 or 16 bits, grey or RGB. Palette images become RGB;
/// an alpha channel is left out. 1-, 2- and 4-bit grey is scaled to 8 bits.
[[nodiscard]] Image2d read_image2d(const std::filesystem::path& path,
                                   const ReadOptions& options = {});

/// A mask from the same files: one channel, 8 or 16 bits. A palette image gives its indices.
[[nodiscard]] Image2d read_label_image2d(const std::filesystem::path& path,
                                         const ReadOptions& options = {});

/// Writes a PNG or TIFF of the image's bits and channels, all or nothing.
///
/// Requires  samples of the size announced and below 2^bits; ContractViolation otherwise.
void write_image2d(const std::filesystem::path& path, const Image2d& image);

}  // namespace asyndgan::data
