// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <itkImageIOBase.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "header_check.hpp"
#include "image_file.hpp"

namespace asyndgan::data::files {

/// "(3, 0, 7)", the indices of the voxel at `offset`.
[[nodiscard]] inline std::string place(const Grid& grid, std::size_t offset) {
  const auto width = static_cast<std::size_t>(grid.size[0]);
  const auto height = static_cast<std::size_t>(grid.size[1]);
  return "(" + std::to_string(offset % width) + ", " + std::to_string(offset / width % height) +
         ", " + std::to_string(offset / width / height) + ")";
}

[[nodiscard]] inline std::vector<float> to_floats(const std::filesystem::path& path,
                                                  itk::IOComponentEnum type,
                                                  std::span<const std::byte> bytes) {
  std::vector<float> voxels;
  visit_samples(path, type, bytes, [&](const auto& samples) {
    voxels.resize(samples.size());
    std::transform(samples.begin(), samples.end(), voxels.begin(),
                   [](auto sample) { return static_cast<float>(sample); });
  });
  return voxels;
}

/// Replaces voxels that are no numbers, or throws DataError with the first of them.
inline void settle_non_finite(const std::filesystem::path& path, Volume& volume,
                              std::optional<float> replacement) {
  const auto finite = [](float voxel) { return std::isfinite(voxel); };
  const auto first = std::find_if_not(volume.voxels.begin(), volume.voxels.end(), finite);
  if (first == volume.voxels.end()) return;
  if (replacement) {
    std::replace_if(first, volume.voxels.end(), std::not_fn(finite), *replacement);
    return;
  }
  const auto count = std::count_if(first, volume.voxels.end(), std::not_fn(finite));
  fail(path,
       "voxel " + place(volume.grid, static_cast<std::size_t>(first - volume.voxels.begin())) +
           " is " + (std::isnan(*first) ? "nan" : detail::number(static_cast<double>(*first))) +
           ", one of " + std::to_string(count) +
           " that are not finite (ReadOptions::replace_non_finite stands in for them)");
}

[[noreturn]] inline void fail_label(const std::filesystem::path& path, const std::string& value,
                                    const Grid& grid, std::size_t offset) {
  fail(path, "label " + value + " at voxel " + place(grid, offset) +
                 ", expected integers from 0 to 65535");
}

/// Label values of samples of any type. Throws DataError with the first that is none.
template <class T>
[[nodiscard]] std::vector<std::uint16_t> to_labels(const std::filesystem::path& path,
                                                   std::span<const T> samples, const Grid& grid) {
  std::vector<std::uint16_t> labels(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto value = static_cast<double>(samples[i]);
    if (!(value >= 0 && value <= 65535 && value == std::floor(value))) {
      fail_label(path, std::isnan(value) ? "nan" : detail::number(value), grid, i);
    }
    labels[i] = static_cast<std::uint16_t>(value);
  }
  return labels;
}

}  // namespace asyndgan::data::files
