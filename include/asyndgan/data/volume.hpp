// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace asyndgan::data {

/// Where voxels lie in the patient.
///
/// Units    mm. Physical axes are those of DICOM and ITK, "LPS": x grows to the patient's left,
///          y to the back (posterior), z to the head (superior). NIfTI files, which say RAS,
///          are converted on reading and writing.
struct Grid {
  std::array<int, 3> size{};               // voxels per axis; the first is the fastest in memory
  std::array<double, 3> spacing{1, 1, 1};  // mm from voxel centre to voxel centre
  std::array<double, 3> origin{};          // mm, centre of voxel (0, 0, 0)
  std::array<std::array<double, 3>, 3> direction{// [axis] is the unit vector of that axis
                                                 {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(size[0]) * static_cast<std::size_t>(size[1]) *
           static_cast<std::size_t>(size[2]);
  }
  [[nodiscard]] std::size_t offset(int i, int j, int k) const {
    const auto row = static_cast<std::size_t>(k) * static_cast<std::size_t>(size[1]) +
                     static_cast<std::size_t>(j);
    return row * static_cast<std::size_t>(size[0]) + static_cast<std::size_t>(i);
  }
  /// Centre of voxel (i, j, k), mm, LPS.
  [[nodiscard]] std::array<double, 3> position(double i, double j, double k) const {
    const std::array<double, 3> index{i, j, k};
    std::array<double, 3> point = origin;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      for (std::size_t p = 0; p < 3; ++p) {
        point[p] += direction[axis][p] * spacing[axis] * index[axis];
      }
    }
    return point;
  }

  friend bool operator==(const Grid&, const Grid&) = default;
};

/// Intensities of one channel in space.
struct Volume {
  Grid grid;
  std::vector<float> voxels;  // first axis fastest
  std::string unit;           // "HU", or empty where the file does not say

  [[nodiscard]] float at(int i, int j, int k) const { return voxels[grid.offset(i, j, k)]; }
  [[nodiscard]] float& at(int i, int j, int k) { return voxels[grid.offset(i, j, k)]; }
};

/// Label values as the file has them; a modality turns them into classes.
struct LabelVolume {
  Grid grid;
  std::vector<std::uint16_t> voxels;  // first axis fastest

  [[nodiscard]] std::uint16_t at(int i, int j, int k) const { return voxels[grid.offset(i, j, k)]; }
  [[nodiscard]] std::uint16_t& at(int i, int j, int k) { return voxels[grid.offset(i, j, k)]; }
};

namespace detail {
/// "0.25", "1e+10", "nan": at most six digits.
[[nodiscard]] inline std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

/// "(1, 1, 2.5)"
[[nodiscard]] inline std::string join(const std::array<double, 3>& values) {
  return "(" + number(values[0]) + ", " + number(values[1]) + ", " + number(values[2]) + ")";
}
}  // namespace detail

/// "181x217x181"
[[nodiscard]] inline std::string to_string(const std::array<int, 3>& size) {
  return std::to_string(size[0]) + "x" + std::to_string(size[1]) + "x" + std::to_string(size[2]);
}

/// How `actual` differs from `expected`: "size 4x5x6, expected 4x5x7"; empty where voxels of
/// one lie on voxels of the other. Files store these numbers in single precision or as short
/// decimals, and programs round them again: spacings may differ by 0.1 %, axes by 1e-3 rad,
/// and no corner by more than a tenth of a voxel.
[[nodiscard]] inline std::string difference(const Grid& actual, const Grid& expected) {
  if (actual.size != expected.size) {
    return "size " + to_string(actual.size) + ", expected " + to_string(expected.size);
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (std::abs(actual.spacing[axis] - expected.spacing[axis]) > 1e-3 * expected.spacing[axis]) {
      return "spacing " + detail::join(actual.spacing) + " mm, expected " +
             detail::join(expected.spacing) + " mm";
    }
    for (std::size_t p = 0; p < 3; ++p) {
      if (std::abs(actual.direction[axis][p] - expected.direction[axis][p]) > 1e-3) {
        return "axis " + std::to_string(axis) + " along " + detail::join(actual.direction[axis]) +
               ", expected " + detail::join(expected.direction[axis]);
      }
    }
  }
  const double smallest = std::min({expected.spacing[0], expected.spacing[1], expected.spacing[2]});
  for (int corner = 0; corner < 8; ++corner) {
    const double i = (corner & 1) != 0 ? expected.size[0] - 1 : 0;
    const double j = (corner & 2) != 0 ? expected.size[1] - 1 : 0;
    const double k = (corner & 4) != 0 ? expected.size[2] - 1 : 0;
    const auto a = actual.position(i, j, k);
    const auto b = expected.position(i, j, k);
    if (std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) > 0.1 * smallest) {
      return (corner == 0 ? "origin " : "far corner ") + detail::join(a) + " mm, expected " +
             detail::join(b) + " mm";
    }
  }
  return {};
}

}  // namespace asyndgan::data
