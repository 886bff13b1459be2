// SPDX-License-Identifier: Apache-2.0
#include <itkMetaDataObject.h>
#include <itkMetaImageIO.h>
#include <itkNiftiImageIO.h>

#include <limits>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/file_kinds.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "header_check.hpp"
#include "image_file.hpp"
#include "session.hpp"
#include "unit.hpp"
#include "voxels.hpp"

namespace asyndgan::data {
namespace {

using files::fail;

/// A file that was checked and of which ITK has read the header.
struct OpenVolume {
  itk::ImageIOBase::Pointer io;
  std::vector<std::size_t> non_finite;  // voxels that ITK will return as 0
};

OpenVolume open(const std::filesystem::path& path, const ReadOptions& options) {
  if (!std::filesystem::exists(path)) fail(path, "no such file");
  OpenVolume file;
  const auto extension = extension_of(path, kVolumes);
  if (!extension) {
    fail(path,
         "unsupported extension, expected .nii, .nii.gz, .mha, .mhd or a folder with a "
         "DICOM series");
  }
  if (extension->starts_with(".nii")) {
    file.non_finite = files::check_nifti(path, options.max_voxels);
    file.io = itk::NiftiImageIO::New();
  } else {
    files::check_meta_image(path, options.max_voxels);
    file.io = itk::MetaImageIO::New();
  }
  file.io->SetFileName(path.string());
  files::read_information(*file.io);
  if (file.io->GetNumberOfComponents() != 1) {
    fail(path, std::to_string(file.io->GetNumberOfComponents()) +
                   " components per voxel, expected 1 (grey)");
  }
  return file;
}

}  // namespace

Volume read_volume(const std::filesystem::path& path, const ReadOptions& options) {
  if (std::filesystem::is_directory(path)) return read_dicom_series(path, {.read = options});
  return files::with_itk<DataError>(path, [&] {
    const auto [io, non_finite] = open(path, options);
    Volume volume;
    volume.grid = files::grid_of(path, *io);
    volume.unit = files::unit_of(io->GetMetaDataDictionary());
    volume.voxels = files::to_floats(path, io->GetComponentType(), files::read_samples(*io));
    for (const std::size_t i : non_finite) {
      volume.voxels[i] = std::numeric_limits<float>::quiet_NaN();
    }
    files::settle_non_finite(path, volume, options.replace_non_finite);
    return volume;
  });
}

LabelVolume read_label_volume(const std::filesystem::path& path, const ReadOptions& options) {
  if (std::filesystem::is_directory(path)) {
    const Volume volume = read_dicom_series(path, {.read = options});
    return {volume.grid,
            files::to_labels(path, std::span<const float>(volume.voxels), volume.grid)};
  }
  return files::with_itk<DataError>(path, [&] {
    const auto [io, non_finite] = open(path, options);
    LabelVolume volume;
    volume.grid = files::grid_of(path, *io);
    if (!non_finite.empty()) {
      files::fail_label(path, "nan", volume.grid, non_finite.front());
    }
    const auto bytes = files::read_samples(*io);
    files::visit_samples(path, io->GetComponentType(), bytes, [&](const auto& samples) {
      volume.voxels = files::to_labels(path, samples, volume.grid);
    });
    return volume;
  });
}

}  // namespace asyndgan::data
