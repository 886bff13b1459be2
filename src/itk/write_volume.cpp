// SPDX-License-Identifier: Apache-2.0
#include <itkMetaImageIO.h>
#include <itkNiftiImageIO.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/file_kinds.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "header_check.hpp"
#include "image_file.hpp"
#include "replace_file.hpp"
#include "session.hpp"
#include "unit.hpp"

namespace asyndgan::data {
namespace {

void require_writable(const Grid& grid, std::size_t voxels) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (grid.size[axis] < 1 || !(grid.spacing[axis] > 0)) {
      throw ContractViolation("write_volume: size " + to_string(grid.size) + ", spacing " +
                              detail::join(grid.spacing) + " mm (all must be positive)");
    }
    for (std::size_t other = 0; other <= axis; ++other) {
      const auto& a = grid.direction[axis];
      const auto& b = grid.direction[other];
      const double product = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
      if (!(std::abs(product - (axis == other ? 1 : 0)) < 1e-3)) {
        throw ContractViolation("write_volume: directions " + detail::join(b) + " and " +
                                detail::join(a) + " are not orthonormal");
      }
    }
  }
  if (voxels != grid.count()) {
    throw ContractViolation("write_volume: " + std::to_string(voxels) + " voxels for size " +
                            to_string(grid.size));
  }
}

void write(const std::filesystem::path& path, const Grid& grid, const std::string& unit,
           itk::IOComponentEnum type, const void* voxels) {
  const auto extension = extension_of(path, kVolumes);
  if (!extension || *extension == ".mhd") {
    throw WriteError("'" + path.string() +
                     "': unsupported extension, expected .nii, .nii.gz or .mha");
  }
  const bool nifti = *extension != ".mha";
  const bool compressed = *extension == ".nii.gz";
  files::replace_file(path, *extension, [&](const std::filesystem::path& temporary) {
    files::with_itk<WriteError>(path, [&] {
      itk::ImageIOBase::Pointer io;
      if (nifti) {
        io = itk::NiftiImageIO::New();
      } else {
        io = itk::MetaImageIO::New();
      }
      files::set_unit(io->GetMetaDataDictionary(), unit, nifti);
      io->SetUseCompression(compressed);
      files::write_samples(*io, temporary, grid, type, 1, 3, voxels);
    });
    try {  // on a full disk ITK's writers leave part of a file and report success
      if (nifti) {
        (void)files::check_nifti(temporary, grid.count());
      } else {
        files::check_meta_image(temporary, grid.count());
      }
    } catch (const DataError& error) {
      throw WriteError("cannot write '" + path.string() + "', the disk may be full (" +
                       error.what() + ")");
    }
  });
}

}  // namespace

void write_volume(const std::filesystem::path& path, const Volume& volume) {
  require_writable(volume.grid, volume.voxels.size());
  if (volume.unit.size() > files::kLongestUnit) {
    throw ContractViolation("write_volume: the unit '" + volume.unit + "' is longer than " +
                            std::to_string(files::kLongestUnit) + " letters");
  }
  write(path, volume.grid, volume.unit, itk::IOComponentEnum::FLOAT, volume.voxels.data());
}

void write_label_volume(const std::filesystem::path& path, const LabelVolume& volume) {
  require_writable(volume.grid, volume.voxels.size());
  const auto largest = std::max_element(volume.voxels.begin(), volume.voxels.end());
  if (*largest > 255) {
    write(path, volume.grid, {}, itk::IOComponentEnum::USHORT, volume.voxels.data());
    return;
  }
  const std::vector<std::uint8_t> narrow(volume.voxels.begin(), volume.voxels.end());
  write(path, volume.grid, {}, itk::IOComponentEnum::UCHAR, narrow.data());
}

}  // namespace asyndgan::data
