// SPDX-License-Identifier: Apache-2.0
#include "image_file.hpp"

#include <cmath>
#include <mutex>

#include "header_check.hpp"

namespace asyndgan::data::files {

namespace {

/// ITK's matrix of a two-dimensional image has two axes; the third is their normal.
std::array<double, 3> axis_of(const itk::ImageIOBase& io, unsigned axis) {
  std::array<double, 3> vector{};
  if (axis < io.GetNumberOfDimensions()) {
    const std::vector<double> column = io.GetDirection(axis);
    for (std::size_t p = 0; p < 3 && p < column.size(); ++p) vector[p] = column[p];
  } else {
    vector[axis] = 1;
  }
  return vector;
}

double dot(const std::array<double, 3>& a, const std::array<double, 3>& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

}  // namespace

void read_information(itk::ImageIOBase& io) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  io.ReadImageInformation();
}

Grid grid_of(const std::filesystem::path& path, const itk::ImageIOBase& io) {
  Grid grid;
  const unsigned rank = io.GetNumberOfDimensions();
  for (unsigned i = 0; i < 3; ++i) {
    grid.size[i] = i < rank ? static_cast<int>(io.GetDimensions(i)) : 1;
    grid.spacing[i] = i < rank ? io.GetSpacing(i) : 1;
    grid.origin[i] = i < rank ? io.GetOrigin(i) : 0;
    grid.direction[i] = axis_of(io, i);
    if (!(grid.spacing[i] > 0) || !std::isfinite(grid.spacing[i])) {
      fail(path, "spacing is " + detail::join(grid.spacing) + " mm, expected positive numbers");
    }
    if (!std::isfinite(grid.origin[i])) {
      fail(path, "origin is " + detail::join(grid.origin) + " mm, expected finite numbers");
    }
  }
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      const double expected = a == b ? 1 : 0;
      if (!(std::abs(dot(grid.direction[a], grid.direction[b]) - expected) < 1e-3)) {
        fail(path, "axes " + std::to_string(b) + " and " + std::to_string(a) + " are " +
                       detail::join(grid.direction[b]) + " and " + detail::join(grid.direction[a]) +
                       ", expected orthonormal directions");
      }
    }
  }
  return grid;
}

std::vector<std::byte> read_samples(itk::ImageIOBase& io) {
  const unsigned rank = io.GetNumberOfDimensions();
  itk::ImageIORegion region(rank);
  for (unsigned i = 0; i < rank; ++i) {
    region.SetIndex(i, 0);
    region.SetSize(i, io.GetDimensions(i));
  }
  io.SetIORegion(region);
  std::vector<std::byte> bytes(static_cast<std::size_t>(io.GetImageSizeInBytes()));
  io.Read(bytes.data());
  return bytes;
}

void write_samples(itk::ImageIOBase& io, const std::filesystem::path& path, const Grid& grid,
                   itk::IOComponentEnum type, unsigned components, unsigned dimensions,
                   const void* samples) {
  io.SetFileName(path.string());
  io.SetNumberOfDimensions(dimensions);
  itk::ImageIORegion region(dimensions);
  for (unsigned i = 0; i < dimensions; ++i) {
    io.SetDimensions(i, static_cast<itk::ImageIOBase::SizeValueType>(grid.size[i]));
    io.SetSpacing(i, grid.spacing[i]);
    io.SetOrigin(i, grid.origin[i]);
    io.SetDirection(
        i, std::vector<double>(grid.direction[i].begin(), grid.direction[i].begin() + dimensions));
    region.SetIndex(i, 0);
    region.SetSize(i, static_cast<itk::ImageIOBase::SizeValueType>(grid.size[i]));
  }
  io.SetIORegion(region);
  io.SetNumberOfComponents(components);
  io.SetPixelType(components == 3 ? itk::IOPixelEnum::RGB : itk::IOPixelEnum::SCALAR);
  io.SetComponentType(type);
  io.WriteImageInformation();
  io.Write(samples);
}

void fail_component_type(const std::filesystem::path& path, itk::IOComponentEnum type) {
  fail(path, "samples are of type " + itk::ImageIOBase::GetComponentTypeAsString(type) +
                 ", expected integers or floating point numbers");
}

}  // namespace asyndgan::data::files
