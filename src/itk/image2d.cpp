// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/image2d.hpp"

#include <itkPNGImageIO.h>
#include <itkTIFFImageIO.h>

#include <algorithm>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/file_kinds.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "header_check.hpp"
#include "image_file.hpp"
#include "replace_file.hpp"
#include "session.hpp"

namespace asyndgan::data {
namespace {

using files::fail;

bool is_png(const std::filesystem::path& path) { return extension_of(path, kPictures) == ".png"; }

itk::ImageIOBase::Pointer io_for(const std::filesystem::path& path) {
  itk::ImageIOBase::Pointer io;
  if (is_png(path)) {
    io = itk::PNGImageIO::New();
  } else {
    io = itk::TIFFImageIO::New();
  }
  io->SetFileName(path.string());
  return io;
}

/// Samples without the alpha channel, where there is one.
template <class T>
std::vector<std::uint16_t> without_alpha(std::span<const T> samples, std::size_t components,
                                         std::size_t kept) {
  std::vector<std::uint16_t> result;
  result.reserve(samples.size() / components * kept);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i % components < kept) result.push_back(static_cast<std::uint16_t>(samples[i]));
  }
  return result;
}

Image2d read(const std::filesystem::path& path, const ReadOptions& options, bool expand_palette) {
  if (!std::filesystem::exists(path)) fail(path, "no such file");
  if (!extension_of(path, kPictures)) {
    fail(path, "unsupported extension, expected .png, .tif or .tiff");
  }
  files::require_file(path);
  if (is_png(path)) files::check_png(path, options.max_voxels);
  return files::with_itk<DataError>(path, [&] {
    const auto io = io_for(path);
    io->SetExpandRGBPalette(expand_palette);
    if (!io->CanReadFile(path.c_str())) fail(path, "not an image of the kind its name says");
    files::read_information(*io);
    std::vector<std::int64_t> extents;
    for (unsigned i = 0; i < io->GetNumberOfDimensions(); ++i) {
      extents.push_back(static_cast<std::int64_t>(io->GetDimensions(i)));
    }
    files::checked_voxel_count(path, "size", extents, options.max_voxels);
    if (extents.size() > 2 && extents[2] != 1) {
      fail(path, std::to_string(extents[2]) + " pages, expected one image");
    }
    const Grid grid = files::grid_of(path, *io);
    const unsigned components = io->GetNumberOfComponents();
    if (components < 1 || components > 4) {
      fail(path, std::to_string(components) + " samples per pixel, expected grey or RGB");
    }
    Image2d image{.height = grid.size[1],
                  .width = grid.size[0],
                  .channels = components < 3 ? 1 : 3,
                  .samples = {},
                  .spacing_y = grid.spacing[1],
                  .spacing_x = grid.spacing[0]};
    const auto type = io->GetComponentType();
    if (type != itk::IOComponentEnum::UCHAR && type != itk::IOComponentEnum::USHORT) {
      fail(path, "samples are of type " + itk::ImageIOBase::GetComponentTypeAsString(type) +
                     ", expected 8 or 16 bit unsigned integers");
    }
    image.bits = type == itk::IOComponentEnum::UCHAR ? 8 : 16;
    const auto bytes = files::read_samples(*io);
    files::visit_samples(path, type, bytes, [&](const auto& samples) {
      image.samples = without_alpha(samples, components, static_cast<std::size_t>(image.channels));
    });
    return image;
  });
}

/// On a full disk ITK's writers leave part of a file and report success.
void require_written(const std::filesystem::path& path, const std::filesystem::path& temporary,
                     const Image2d& image) {
  std::string problem = "it reads back differently";
  try {
    const Image2d found = read(temporary, {}, /*expand_palette=*/true);
    if (found.samples == image.samples && found.width == image.width) return;
  } catch (const DataError& error) {
    problem = error.what();
  }
  throw WriteError("cannot write '" + path.string() + "', the disk may be full (" + problem + ")");
}

}  // namespace

Image2d read_image2d(const std::filesystem::path& path, const ReadOptions& options) {
  return read(path, options, /*expand_palette=*/true);
}

Image2d read_label_image2d(const std::filesystem::path& path, const ReadOptions& options) {
  Image2d image = read(path, options, /*expand_palette=*/false);
  if (image.channels != 1) {
    fail(path, "a mask of " + std::to_string(image.channels) +
                   " channels, expected one (grey or palette) with a label per pixel");
  }
  return image;
}

void write_image2d(const std::filesystem::path& path, const Image2d& image) {
  const std::size_t size = static_cast<std::size_t>(image.height) *
                           static_cast<std::size_t>(image.width) *
                           static_cast<std::size_t>(image.channels);
  if (image.height < 1 || image.width < 1 || (image.channels != 1 && image.channels != 3) ||
      (image.bits != 8 && image.bits != 16) || image.samples.size() != size) {
    throw ContractViolation("write_image2d: " + std::to_string(image.samples.size()) +
                            " samples for " + std::to_string(image.height) + "x" +
                            std::to_string(image.width) + " pixels with " +
                            std::to_string(image.channels) + " channels (1 or 3) of " +
                            std::to_string(image.bits) + " bits (8 or 16)");
  }
  const bool wide = image.bits == 16;
  if (!wide && *std::max_element(image.samples.begin(), image.samples.end()) > 255) {
    throw ContractViolation("write_image2d: samples beyond 255 in an image of 8 bits");
  }
  if (!extension_of(path, kPictures)) {
    throw WriteError("'" + path.string() +
                     "': unsupported extension, expected .png, .tif or .tiff");
  }
  Grid grid;
  grid.size = {image.width, image.height, 1};
  grid.spacing = {image.spacing_x, image.spacing_y, 1};
  const auto type = wide ? itk::IOComponentEnum::USHORT : itk::IOComponentEnum::UCHAR;
  std::vector<std::uint8_t> narrow;
  if (!wide) narrow.assign(image.samples.begin(), image.samples.end());
  const void* samples = wide ? static_cast<const void*>(image.samples.data()) : narrow.data();
  files::replace_file(path, is_png(path) ? ".png" : ".tif",
                      [&](const std::filesystem::path& temporary) {
                        files::with_itk<WriteError>(path, [&] {
                          files::write_samples(*io_for(temporary), temporary, grid, type,
                                               static_cast<unsigned>(image.channels), 2, samples);
                        });
                        require_written(path, temporary, image);
                      });
}

}  // namespace asyndgan::data
