// SPDX-License-Identifier: Apache-2.0
#include <itkGDCMImageIO.h>
#include <itkMetaDataObject.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "header_check.hpp"
#include "image_file.hpp"
#include "session.hpp"
#include "voxels.hpp"

namespace asyndgan::data {
namespace {

using files::fail;
using Point = std::array<double, 3>;

struct DicomSlice {
  std::filesystem::path path;
  Grid grid;            // one voxel deep
  std::string series;   // Series Instance UID
  double position = 0;  // mm along the normal of the first slice
  std::string unit;
};

double dot(const Point& a, const Point& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Point cross(const Point& a, const Point& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

std::string tag(const itk::ImageIOBase& io, const char* name) {
  std::string text;
  itk::ExposeMetaData<std::string>(io.GetMetaDataDictionary(), name, text);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.pop_back();
  return text;
}

/// CT values are Hounsfield units unless the file names another unit.
std::string unit_of(const itk::ImageIOBase& io) {
  const std::string rescale_type = tag(io, "0028|1054");
  if (!rescale_type.empty()) return rescale_type == "US" ? std::string() : rescale_type;
  return tag(io, "0008|0060") == "CT" ? "HU" : "";
}

/// Throws unless the file's pixels are those its header announces.
void require_pixels(const std::filesystem::path& path, const itk::ImageIOBase& io) {
  const auto number = [&](const char* name) {
    const std::string text = tag(io, name);
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  files::check_dicom_pixels(
      path, number("0028|0010") * number("0028|0011") * ((number("0028|0100") + 7) / 8));
}

DicomSlice read_header(const std::filesystem::path& path) {
  const auto io = itk::GDCMImageIO::New();
  io->SetFileName(path.string());
  files::read_information(*io);
  if (io->GetNumberOfComponents() != 1) {
    fail(path,
         std::to_string(io->GetNumberOfComponents()) + " components per voxel, expected 1 (grey)");
  }
  if (tag(*io, "0020|0032").empty()) {
    fail(path, "no Image Position (Patient) (0020,0032), expected the place of the slice");
  }
  DicomSlice slice{.path = path,
                   .grid = files::grid_of(path, *io),
                   .series = tag(*io, "0020|000e"),
                   .unit = unit_of(*io)};
  if (slice.grid.size[2] != 1) {
    fail(path, std::to_string(slice.grid.size[2]) + " frames in one file, expected one slice");
  }
  require_pixels(path, *io);
  return slice;
}

/// The slices of one series of the folder, in the order of their file names.
std::vector<DicomSlice> slices_of_series(const std::filesystem::path& folder,
                                         const DicomOptions& options) {
  std::map<std::string, std::vector<DicomSlice>> series;
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename() != "DICOMDIR")
      paths.insert(entry.path());
  }
  for (const auto& path : paths) {
    if (!files::check_dicom_elements(path)) continue;
    if (!itk::GDCMImageIO::New()->CanReadFile(path.c_str())) continue;
    DicomSlice slice = files::with_itk<DataError>(path, [&] { return read_header(path); });
    auto& slices = series[slice.series];
    slices.push_back(std::move(slice));
    const Grid& first = slices.front().grid;
    const std::array<std::int64_t, 3> extents{first.size[0], first.size[1],
                                              static_cast<std::int64_t>(slices.size())};
    files::checked_voxel_count(folder, "size", extents, options.read.max_voxels);
  }
  if (series.empty()) fail(folder, "no DICOM images in this folder");
  std::string known;
  for (const auto& [uid, slices] : series) known += (known.empty() ? "" : ", ") + uid;
  if (options.series.empty() && series.size() > 1) {
    fail(folder, std::to_string(series.size()) +
                     " DICOM series, expected one, or its name in DicomOptions::series: " + known);
  }
  if (options.series.empty()) return series.begin()->second;
  const auto wanted = series.find(options.series);
  if (wanted == series.end()) {
    fail(folder, "no DICOM series '" + options.series + "' among " + known);
  }
  return wanted->second;
}

/// Throws unless all slices have the first one's size, spacing, directions and unit and lie
/// above one another.
void require_stack(const std::vector<DicomSlice>& slices) {
  const DicomSlice& first = slices.front();
  for (const DicomSlice& slice : slices) {
    Grid shifted = slice.grid;
    shifted.origin = first.grid.origin;
    shifted.spacing[2] = first.grid.spacing[2];  // of one slice, its thickness
    const std::string problem = difference(shifted, first.grid);
    if (!problem.empty()) {
      fail(slice.path, problem + " as in '" + first.path.filename().string() + "'");
    }
    if (slice.unit != first.unit) {
      fail(slice.path, "intensity unit '" + slice.unit + "', expected '" + first.unit +
                           "' as in '" + first.path.filename().string() + "'");
    }
    for (std::size_t axis = 0; axis < 2; ++axis) {
      Point step{};
      for (std::size_t p = 0; p < 3; ++p) step[p] = slice.grid.origin[p] - first.grid.origin[p];
      const double aside = std::abs(dot(step, first.grid.direction[axis]));
      if (aside > 0.5 * first.grid.spacing[axis]) {
        fail(slice.path, "lies " + detail::number(aside) + " mm aside of '" +
                             first.path.filename().string() +
                             "', expected slices above one another (no gantry tilt)");
      }
    }
  }
}

/// Distance between neighbouring slices, mm. Throws where one is missing or is there twice.
double slice_spacing(const std::vector<DicomSlice>& slices, double tolerance) {
  if (slices.size() < 2) return slices.front().grid.spacing[2];
  std::vector<double> gaps;
  for (std::size_t i = 1; i < slices.size(); ++i) {
    gaps.push_back(slices[i].position - slices[i - 1].position);
  }
  std::vector<double> sorted = gaps;
  std::sort(sorted.begin(), sorted.end());
  const double usual = sorted[sorted.size() / 2];
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    if (usual > 1e-3 && std::abs(gaps[i] - usual) <= tolerance * usual) continue;
    const double missing = usual > 1e-3 ? std::round(gaps[i] / usual) - 1 : 0;
    fail(slices[i + 1].path,
         "is " + detail::number(gaps[i]) + " mm from '" + slices[i].path.filename().string() +
             "', expected " + detail::number(usual) + " mm" +
             (missing >= 1 ? ": " + detail::number(missing) + " slice(s) missing" : "") +
             (gaps[i] <= 1e-3 ? ": two slices at one place" : ""));
  }
  return (slices.back().position - slices.front().position) /
         static_cast<double>(slices.size() - 1);
}

/// The slices of the series, sorted along their normal, and the grid they fill.
std::pair<std::vector<DicomSlice>, Grid> arrange(const std::filesystem::path& folder,
                                                 const DicomOptions& options) {
  std::vector<DicomSlice> slices = slices_of_series(folder, options);
  require_stack(slices);
  const auto& axes = slices.front().grid.direction;
  const Point normal = cross(axes[0], axes[1]);
  for (DicomSlice& slice : slices) slice.position = dot(slice.grid.origin, normal);
  std::sort(slices.begin(), slices.end(),
            [](const DicomSlice& a, const DicomSlice& b) { return a.position < b.position; });
  Grid grid = slices.front().grid;
  grid.size[2] = static_cast<int>(slices.size());
  grid.spacing[2] = slice_spacing(slices, options.gap_tolerance);
  grid.direction[2] = normal;
  return {std::move(slices), grid};
}

}  // namespace

Volume read_dicom_series(const std::filesystem::path& folder, const DicomOptions& options) {
  static std::mutex mutex;  // GDCM shares dictionaries between readers
  const std::lock_guard lock(mutex);
  if (!std::filesystem::is_directory(folder)) fail(folder, "no such folder");
  return files::with_itk<DataError>(folder, [&] {
    const auto [slices, grid] = arrange(folder, options);
    Volume volume{.grid = grid, .voxels = {}, .unit = slices.front().unit};
    volume.voxels.reserve(grid.count());
    const std::size_t plane = grid.count() / slices.size();
    for (const DicomSlice& slice : slices) {
      files::with_itk<DataError>(slice.path, [&] {
        const auto io = itk::GDCMImageIO::New();
        io->SetFileName(slice.path.string());
        files::read_information(*io);
        const auto pixels =
            files::to_floats(slice.path, io->GetComponentType(), files::read_samples(*io));
        if (pixels.size() != plane) {
          fail(slice.path,
               std::to_string(pixels.size()) + " pixels, expected " + std::to_string(plane));
        }
        volume.voxels.insert(volume.voxels.end(), pixels.begin(), pixels.end());
      });
    }
    files::settle_non_finite(folder, volume, options.read.replace_non_finite);
    return volume;
  });
}

}  // namespace asyndgan::data
