// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parallel.hpp"
#include "asyndgan/data/case_files.hpp"
#include "asyndgan/data/orientation.hpp"
#include "asyndgan/data/raw_mask.hpp"
#include "asyndgan/data/resample.hpp"
#include "asyndgan/data/slices.hpp"
#include "asyndgan/data/transforms.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "asyndgan/privacy/private.hpp"

namespace asyndgan::data {

/// How the files of a case become slices. A modality fills in the first three.
struct LoadOptions {
  /// Brings the values of a whole channel into [-1, 1].
  std::function<void(std::span<float>, const std::string& channel, const std::string& unit)>
      normalize = {};
  /// Makes classes of the label values of one slice.
  std::function<LabelMap(const RawMask&)> classify = {};
  int classes = 0;

  Plane plane = Plane::axial;  // of volumes; pictures have one
  Extent size{0, 0};           // pixels of the result; 0 keeps the files' own
  /// Keep proportions in mm: edges of background are added before resizing. Without it the
  /// image is stretched to `size`, and the spacings say by how much.
  bool keep_aspect = true;
  int min_labelled_pixels = 0;  // leave out slices with fewer pixels that are not background
  /// Refuse fewer slices in all: what a site trained on one image sends can only be about it.
  std::size_t min_slices = 2;
  ReadOptions read = {};
  /// Called after each case, one call at a time, from any thread.
  std::function<void(std::size_t done, std::size_t total)> progress = {};
};

namespace detail {

/// All channels of a case and its labels, on one canonical grid.
struct LoadedCase {
  std::vector<Volume> channels;
  LabelVolume labels;
};

[[nodiscard]] inline bool is_picture(const std::filesystem::path& path) {
  return extension_of(path, kPictures).has_value();
}

[[nodiscard]] inline Grid grid_of(const Image2d& image) {
  return {.size = {image.width, image.height, 1}, .spacing = {image.spacing_x, image.spacing_y, 1}};
}

/// One channel as a volume; of a picture, one slice deep, with unit "8 bit" or "16 bit".
[[nodiscard]] inline Volume read_channel(const ChannelFile& source, const ReadOptions& options) {
  if (!is_picture(source.file)) return canonical(read_volume(source.file, options));
  const Image2d image = read_image2d(source.file, options);
  if (source.component >= image.channels) {
    throw DataError("'" + source.file.string() + "': grey, expected an RGB image for channel '" +
                    source.channel + "'");
  }
  Volume volume{.grid = grid_of(image), .voxels = {}, .unit = std::to_string(image.bits) + " bit"};
  volume.voxels.reserve(volume.grid.count());
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      volume.voxels.push_back(static_cast<float>(image.at(y, x, source.component)));
    }
  }
  return volume;
}

[[nodiscard]] inline LabelVolume read_labels(const std::filesystem::path& path,
                                             const ReadOptions& options) {
  if (!is_picture(path)) return canonical(read_label_volume(path, options));
  Image2d image = read_label_image2d(path, options);
  return {grid_of(image), std::move(image.samples)};
}

[[nodiscard]] inline LoadedCase read_case(const CaseFiles& files, const LoadOptions& options) {
  LoadedCase loaded;
  loaded.labels = read_labels(files.labels, options.read);
  for (const ChannelFile& source : files.images) {
    Volume volume = read_channel(source, options.read);
    Grid expected = loaded.labels.grid;
    if (is_picture(source.file)) expected.spacing = volume.grid.spacing;  // masks seldom say
    const std::string problem = difference(volume.grid, expected);
    if (!problem.empty()) {
      throw DataError("'" + source.file.string() + "': " + problem + " as in '" +
                      files.labels.string() + "'");
    }
    try {
      options.normalize(volume.voxels, source.channel, volume.unit);
    } catch (const DataError& error) {
      throw DataError("'" + source.file.string() + "': " + error.what());
    }
    loaded.channels.push_back(std::move(volume));
  }
  return loaded;
}

/// How a slice of the file's extent comes to the extent of the result.
struct Fit {
  Extent padded;  // after adding edges of background
  int top = 0;    // first row and column of the padded slice in the file's, at most 0
  int left = 0;
  Extent size;
  double spacing_y = 1;
  double spacing_x = 1;
};

[[nodiscard]] inline Fit fit_of(const PlaneShape& shape, const LoadOptions& options) {
  Fit fit{.padded = {shape.height, shape.width}, .size = options.size};
  if (fit.size.height <= 0) fit.size.height = shape.height;
  if (fit.size.width <= 0) fit.size.width = shape.width;
  if (options.keep_aspect) {
    const double height_mm = shape.height * shape.spacing_y;
    const double width_mm = shape.width * shape.spacing_x;
    const double wanted = static_cast<double>(fit.size.height) / fit.size.width;
    if (height_mm < wanted * width_mm) {
      fit.padded.height = static_cast<int>(std::lround(wanted * width_mm / shape.spacing_y));
    } else {
      fit.padded.width = static_cast<int>(std::lround(height_mm / wanted / shape.spacing_x));
    }
    fit.padded.height = std::max(fit.padded.height, shape.height);
    fit.padded.width = std::max(fit.padded.width, shape.width);
    if (options.size.height <= 0) fit.size.height = fit.padded.height;
    if (options.size.width <= 0) fit.size.width = fit.padded.width;
  }
  fit.top = -((fit.padded.height - shape.height) / 2);
  fit.left = -((fit.padded.width - shape.width) / 2);
  fit.spacing_y = shape.spacing_y * fit.padded.height / fit.size.height;
  fit.spacing_x = shape.spacing_x * fit.padded.width / fit.size.width;
  return fit;
}

/// The slices of one case that have enough labelled pixels.
[[nodiscard]] inline Slices slices_of_case(const CaseFiles& files, const LoadOptions& options) {
  const LoadedCase loaded = read_case(files, options);
  const PlaneShape shape = plane_shape(loaded.channels.front().grid, options.plane);
  const Extent extent{shape.height, shape.width};
  const Fit fit = fit_of(shape, options);
  SliceInfo info{.case_id = files.id, .spacing_y = fit.spacing_y, .spacing_x = fit.spacing_x};
  if (shape.slices > 1) info.spacing_z = shape.spacing_z;
  std::vector<float> pixels;
  Slices slices;
  slices.classes = options.classes;
  for (const ChannelFile& source : files.images) slices.channels.push_back(source.channel);
  std::vector<std::uint8_t> labels;
  for (int k = 0; k < shape.slices; ++k) {
    const auto raw = plane_pixels(loaded.labels, options.plane, k);
    const auto padded = crop(std::span<const std::uint16_t>(raw), extent, fit.top, fit.left,
                             fit.padded, std::uint16_t{0});
    const RawMask mask{
        fit.size.height, fit.size.width,
        resize_nearest(std::span<const std::uint16_t>(padded), fit.padded, fit.size)};
    LabelMap map;
    try {
      map = options.classify(mask);
    } catch (const DataError& error) {
      throw DataError("'" + files.labels.string() + "', slice " + std::to_string(k) + ": " +
                      error.what());
    }
    const auto labelled =
        map.labels.size() -
        static_cast<std::size_t>(std::count(map.labels.begin(), map.labels.end(), std::uint8_t{0}));
    if (labelled < static_cast<std::size_t>(std::max(0, options.min_labelled_pixels))) continue;
    labels.insert(labels.end(), map.labels.begin(), map.labels.end());
    for (const Volume& channel : loaded.channels) {
      const auto plane = plane_pixels(channel, options.plane, k);
      const auto framed =
          crop(std::span<const float>(plane), extent, fit.top, fit.left, fit.padded, kBackground);
      const auto resized = resize_bilinear(framed, fit.padded, fit.size);
      pixels.insert(pixels.end(), resized.begin(), resized.end());
    }
    info.slice = k;
    slices.info.push_back(info);
  }
  const Shape result{static_cast<int>(slices.info.size()), static_cast<int>(files.images.size()),
                     fit.size.height, fit.size.width};
  slices.images = Tensor<float>::from_host(result, pixels);
  slices.labels = LabelMap(result.n, result.h, result.w);
  slices.labels.labels = std::move(labels);
  return slices;
}

/// One case after the other. Throws DataError where two differ in size.
[[nodiscard]] inline Slices join_cases(std::vector<Slices> parts,
                                       std::span<const CaseFiles> cases) {
  const Shape& first = parts.front().images.shape();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const Shape& shape = parts[i].images.shape();
    if (shape.h == first.h && shape.w == first.w) continue;
    throw DataError("'" + cases[i].images.front().file.string() + "': slices of " +
                    std::to_string(shape.h) + "x" + std::to_string(shape.w) + " pixels, expected " +
                    std::to_string(first.h) + "x" + std::to_string(first.w) + " as in '" +
                    cases.front().images.front().file.string() +
                    "' (LoadOptions::size brings them to one size)");
  }
  return concat(parts);
}

}  // namespace detail

/// Reads the cases and cuts them into slices. They are a site's own: nothing but privacy/
/// release.hpp leads out of Private.
///
/// Requires  normalize, classify and classes are set; all cases have the same channels.
/// Ensures   slices in the order of the cases, for any number of threads; at least min_slices.
/// Errors    DataError naming the file: one that cannot be read, an image that does not lie on
///           its labels, a label value that is no class, cases of different sizes, or too few
///           slices.
/// Threads   cases are read in parallel.
[[nodiscard]] inline privacy::Private<Slices> load_cases(std::span<const CaseFiles> cases,
                                                         const LoadOptions& options) {
  if (!options.normalize || !options.classify || options.classes < 2) {
    throw ContractViolation("load_cases: normalize, classify and classes have to be set");
  }
  for (const CaseFiles& files : cases) {
    if (files.images.empty()) {
      throw ContractViolation("load_cases: case '" + files.id + "' has no channels");
    }
  }
  std::vector<Slices> parts(cases.size());
  std::mutex mutex;
  std::size_t done = 0;
  parallel_for(cases.size(), [&](std::size_t i) {
    parts[i] = detail::slices_of_case(cases[i], options);
    const std::lock_guard lock(mutex);
    ++done;
    if (options.progress) options.progress(done, cases.size());
  });
  Slices all = parts.empty() ? Slices{} : detail::join_cases(std::move(parts), cases);
  if (all.size() < std::max<std::size_t>(1, options.min_slices)) {
    throw DataError((cases.empty() ? std::string("no cases")
                                   : "'" + cases.front().labels.parent_path().string() + "'") +
                    ": " + std::to_string(all.size()) + " slice(s) with at least " +
                    std::to_string(options.min_labelled_pixels) + " labelled pixels in " +
                    std::to_string(cases.size()) + " case(s), expected at least " +
                    std::to_string(std::max<std::size_t>(1, options.min_slices)));
  }
  return privacy::Private<Slices>(std::move(all));
}

}  // namespace asyndgan::data
