// SPDX-License-Identifier: Apache-2.0
#include <itkMetaDataObject.h>
#include <itkMetaImageIO.h>
#include <itkNiftiImageIO.h>

#include <cmath>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "extension.hpp"
#include "header_check.hpp"
#include "image_file.hpp"
#include "session.hpp"
#include "unit.hpp"
#include "voxels.hpp"

namespace asyndgan::data {
namespace {

using files::fail;

itk::ImageIOBase::Pointer checked_io(const std::filesystem::path& path,
                                     const ReadOptions& options) {
  if (!std::filesystem::exists(path)) fail(path, "no such file");
  itk::ImageIOBase::Pointer io;
  if (files::has_extension(path, ".nii") || files::has_extension(path, ".nii.gz")) {
    files::check_nifti(path, options.max_voxels);
    io = itk::NiftiImageIO::New();
  } else if (files::has_extension(path, ".mha") || files::has_extension(path, ".mhd")) {
    files::check_meta_image(path, options.max_voxels);
    io = itk::MetaImageIO::New();
  } else {
    fail(path,
         "unsupported extension, expected .nii, .nii.gz, .mha, .mhd or a folder with a "
         "DICOM series");
  }
  io->SetFileName(path.string());
  io->ReadImageInformation();
  if (io->GetNumberOfComponents() != 1) {
    fail(path,
         std::to_string(io->GetNumberOfComponents()) + " components per voxel, expected 1 (grey)");
  }
  return io;
}

}  // namespace

Volume read_volume(const std::filesystem::path& path, const ReadOptions& options) {
  if (std::filesystem::is_directory(path)) return read_dicom_series(path, {.read = options});
  return files::with_itk<DataError>(path, [&] {
    const auto io = checked_io(path, options);
    Volume volume;
    volume.grid = files::grid_of(path, *io);
    volume.unit = files::unit_of(io->GetMetaDataDictionary());
    volume.voxels = files::to_floats(path, io->GetComponentType(), files::read_samples(*io));
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
    const auto io = checked_io(path, options);
    LabelVolume volume;
    volume.grid = files::grid_of(path, *io);
    const auto bytes = files::read_samples(*io);
    files::visit_samples(path, io->GetComponentType(), bytes, [&](const auto& samples) {
      volume.voxels = files::to_labels(path, samples, volume.grid);
    });
    return volume;
  });
}

}  // namespace asyndgan::data
