// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "asyndgan/data/volume.hpp"

/// Files store a head in any of 48 axis orders. canonical() brings it into one, so that
/// "axial" means axial whatever the file did: the axes run to the patient's left, back and head
/// (LPS), as near as a change of order and direction comes. Nothing is interpolated: an
/// oblique volume stays oblique.
namespace asyndgan::data {

namespace detail {

/// Axis p of the canonical grid is axis `from[p]` of the file, backwards where `reversed[p]`.
struct AxisOrder {
  std::array<std::size_t, 3> from{};
  std::array<bool, 3> reversed{};
};

/// The order in which the file's axes are nearest to the patient's: of the six, the one with
/// the largest sum of cosines.
[[nodiscard]] inline AxisOrder axis_order(const Grid& grid) {
  constexpr std::array<std::array<std::size_t, 3>, 6> kOrders{
      {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}};
  AxisOrder best;
  double most = -1;
  for (const auto& order : kOrders) {
    double sum = 0;
    for (std::size_t p = 0; p < 3; ++p) sum += std::abs(grid.direction[order[p]][p]);
    if (sum > most + 1e-9) {  // the first of equals, for one result whatever the rounding
      most = sum;
      best.from = order;
    }
  }
  for (std::size_t p = 0; p < 3; ++p) best.reversed[p] = grid.direction[best.from[p]][p] < 0;
  return best;
}

template <class V>
[[nodiscard]] V reorder(const V& volume, const AxisOrder& order) {
  V result = volume;
  std::array<double, 3> corner{};  // of the new first voxel, in the file's indices
  for (std::size_t p = 0; p < 3; ++p) {
    const std::size_t axis = order.from[p];
    result.grid.size[p] = volume.grid.size[axis];
    result.grid.spacing[p] = volume.grid.spacing[axis];
    for (std::size_t q = 0; q < 3; ++q) {
      const double value = volume.grid.direction[axis][q];
      result.grid.direction[p][q] = order.reversed[p] ? 0.0 - value : value;
    }
    if (order.reversed[p]) corner[axis] = volume.grid.size[axis] - 1;
  }
  result.grid.origin = volume.grid.position(corner[0], corner[1], corner[2]);
  std::size_t to = 0;
  std::array<int, 3> index{};  // in the file
  const auto set = [&](std::size_t p, int i) {
    index[order.from[p]] = order.reversed[p] ? result.grid.size[p] - 1 - i : i;
  };
  for (int k = 0; k < result.grid.size[2]; ++k) {
    set(2, k);
    for (int j = 0; j < result.grid.size[1]; ++j) {
      set(1, j);
      for (int i = 0; i < result.grid.size[0]; ++i) {
        set(0, i);
        result.voxels[to++] = volume.at(index[0], index[1], index[2]);
      }
    }
  }
  return result;
}

}  // namespace detail

/// Ensures   every voxel keeps its place in the patient; direction[p][p] >= 0.
[[nodiscard]] inline Volume canonical(const Volume& volume) {
  return detail::reorder(volume, detail::axis_order(volume.grid));
}
[[nodiscard]] inline LabelVolume canonical(const LabelVolume& volume) {
  return detail::reorder(volume, detail::axis_order(volume.grid));
}

/// How a canonical volume is cut. Pictures look as radiologists hang them:
///
///   axial     rows front to back, columns right to left
///   coronal   rows head to feet,  columns right to left
///   sagittal  rows head to feet,  columns front to back
enum class Plane { axial, coronal, sagittal };

/// Extents of the slices of one plane.
struct PlaneShape {
  int slices = 0;
  int height = 0;  // pixels
  int width = 0;
  double spacing_y = 1;  // mm from row to row
  double spacing_x = 1;
  double spacing_z = 1;  // mm from slice to slice
};

[[nodiscard]] inline PlaneShape plane_shape(const Grid& grid, Plane plane) {
  const auto& [x, y, z] = grid.size;
  const auto& [dx, dy, dz] = grid.spacing;
  switch (plane) {
    case Plane::axial:
      return {z, y, x, dy, dx, dz};
    case Plane::coronal:
      return {y, z, x, dz, dx, dy};
    case Plane::sagittal:
      break;
  }
  return {x, z, y, dz, dy, dx};
}

/// The canonical grid of slices of one plane: plane_shape() backwards.
[[nodiscard]] inline Grid grid_of(const PlaneShape& shape, Plane plane) {
  Grid grid;
  switch (plane) {
    case Plane::axial:
      grid.size = {shape.width, shape.height, shape.slices};
      grid.spacing = {shape.spacing_x, shape.spacing_y, shape.spacing_z};
      break;
    case Plane::coronal:
      grid.size = {shape.width, shape.slices, shape.height};
      grid.spacing = {shape.spacing_x, shape.spacing_z, shape.spacing_y};
      break;
    case Plane::sagittal:
      grid.size = {shape.slices, shape.width, shape.height};
      grid.spacing = {shape.spacing_z, shape.spacing_x, shape.spacing_y};
      break;
  }
  return grid;
}

/// Calls visit(voxel) for every pixel of slice number `slice`, counted from right, front or
/// feet, row by row.
template <class V, class F>
void for_each_plane_voxel(V& volume, Plane plane, int slice, const F& visit) {
  const PlaneShape shape = plane_shape(volume.grid, plane);
  for (int row = 0; row < shape.height; ++row) {
    const int down = shape.height - 1 - row;
    for (int column = 0; column < shape.width; ++column) {
      switch (plane) {
        case Plane::axial:
          visit(volume.at(column, row, slice));
          break;
        case Plane::coronal:
          visit(volume.at(column, slice, down));
          break;
        case Plane::sagittal:
          visit(volume.at(slice, column, down));
          break;
      }
    }
  }
}

/// Pixels (height, width) of a slice.
template <class V>
[[nodiscard]] auto plane_pixels(const V& volume, Plane plane, int slice) {
  const PlaneShape shape = plane_shape(volume.grid, plane);
  std::remove_cvref_t<decltype(volume.voxels)> pixels;
  pixels.reserve(static_cast<std::size_t>(shape.height) * static_cast<std::size_t>(shape.width));
  for_each_plane_voxel(volume, plane, slice, [&](const auto& voxel) { pixels.push_back(voxel); });
  return pixels;
}

/// Puts a slice's pixels (height, width) in their place in the volume.
template <class V, class T>
void set_plane_pixels(V& volume, Plane plane, int slice, const T* pixels) {
  for_each_plane_voxel(volume, plane, slice, [&](auto& voxel) { voxel = *pixels++; });
}

}  // namespace asyndgan::data
