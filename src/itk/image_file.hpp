// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <itkImageIOBase.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/data/volume.hpp"

namespace asyndgan::data::files {

/// Has ITK read the header, one file at a time: NiftiImageIO remembers the last file's name in a
/// static string, which the thread sanitizer found.
void read_information(itk::ImageIOBase& io);

/// Grid of the image whose information `io` has read. Throws DataError unless it has at most
/// three dimensions longer than 1, positive spacings, finite positions and orthonormal axes.
[[nodiscard]] Grid grid_of(const std::filesystem::path& path, const itk::ImageIOBase& io);

/// All samples of the image whose information `io` has read, in the type the file has.
[[nodiscard]] std::vector<std::byte> read_samples(itk::ImageIOBase& io);

/// Calls `visit` with the samples as a span of their C++ type.
template <class F>
void visit_samples(const std::filesystem::path& path, itk::IOComponentEnum type,
                   std::span<const std::byte> bytes, const F& visit);

/// Puts grid, component type and count of `components` into `io`, writes `samples`.
void write_samples(itk::ImageIOBase& io, const std::filesystem::path& path, const Grid& grid,
                   itk::IOComponentEnum type, unsigned components, unsigned dimensions,
                   const void* samples);

[[noreturn]] void fail_component_type(const std::filesystem::path& path, itk::IOComponentEnum type);

template <class F>
void visit_samples(const std::filesystem::path& path, itk::IOComponentEnum type,
                   std::span<const std::byte> bytes, const F& visit) {
  const auto as = [&]<class T>(T /*type*/) {
    visit(std::span(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)));
  };
  using itk::IOComponentEnum;
  switch (type) {
    case IOComponentEnum::UCHAR:
      return as(static_cast<unsigned char>(0));
    case IOComponentEnum::CHAR:
      return as(static_cast<signed char>(0));
    case IOComponentEnum::USHORT:
      return as(static_cast<unsigned short>(0));
    case IOComponentEnum::SHORT:
      return as(static_cast<short>(0));
    case IOComponentEnum::UINT:
      return as(0U);
    case IOComponentEnum::INT:
      return as(0);
    case IOComponentEnum::ULONG:
      return as(0UL);
    case IOComponentEnum::LONG:
      return as(0L);
    case IOComponentEnum::ULONGLONG:
      return as(0ULL);
    case IOComponentEnum::LONGLONG:
      return as(0LL);
    case IOComponentEnum::FLOAT:
      return as(0.0F);
    case IOComponentEnum::DOUBLE:
      return as(0.0);
    default:
      fail_component_type(path, type);
  }
}

}  // namespace asyndgan::data::files
