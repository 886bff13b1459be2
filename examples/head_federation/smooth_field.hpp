// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asyndgan/core/random.hpp"

namespace head_federation {

using Vec = std::array<double, 3>;  // x, y, z in mm

/// A smooth random function of space, with mean 0 and about unit variance: cubic B-splines on
/// a lattice of independent normal numbers. Its values are a function of key and `knots` alone.
class SmoothField {
 public:
  /// `knots` is the lattice's spacing in mm: the field changes over about that length. It is
  /// defined in the box from `low` to `high`, which lies within 500 knots of the origin.
  SmoothField(const asyndgan::random::Key& key, double knots, const Vec& low, const Vec& high)
      : knots_(knots) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      first_[axis] = static_cast<int>(std::floor(low[axis] / knots)) - 1;
      count_[axis] = static_cast<int>(std::floor(high[axis] / knots)) + 3 - first_[axis];
    }
    const asyndgan::random::Stream stream(key);
    for (int z = 0; z < count_[2]; ++z) {
      for (int y = 0; y < count_[1]; ++y) {
        for (int x = 0; x < count_[0]; ++x) {
          const auto number = [this](int i, std::size_t axis) {
            return static_cast<std::uint64_t>(i) + static_cast<std::uint64_t>(first_[axis] + 512L);
          };
          values_.push_back(
              stream.normal((number(z, 2) << 20U) + (number(y, 1) << 10U) + number(x, 0)));
        }
      }
    }
  }

  /// Requires  `place` in the box.
  [[nodiscard]] double operator()(const Vec& place) const {
    const Axis x(place[0] / knots_, first_[0]);
    const Axis y(place[1] / knots_, first_[1]);
    const Axis z(place[2] / knots_, first_[2]);
    double sum = 0;
    for (int k = 0; k < 4; ++k) {
      for (int j = 0; j < 4; ++j) {
        const double* knot = &values_[index(x.first, y.first + j, z.first + k)];
        const double row = x.weights[0] * knot[0] + x.weights[1] * knot[1] +
                           x.weights[2] * knot[2] + x.weights[3] * knot[3];
        sum +=
            z.weights[static_cast<std::size_t>(k)] * y.weights[static_cast<std::size_t>(j)] * row;
      }
    }
    // The squares of one axis' weights sum to 0.479 on average: 0.331 is sqrt(0.479^3).
    return sum / 0.331;
  }

 private:
  struct Axis {
    Axis(double position, int first_knot) {
      const double cell = std::floor(position);
      const double t = position - cell;
      first = static_cast<int>(cell) - 1 - first_knot;
      weights = {(1 - t) * (1 - t) * (1 - t) / 6, (3 * t * t * t - 6 * t * t + 4) / 6,
                 (-3 * t * t * t + 3 * t * t + 3 * t + 1) / 6, t * t * t / 6};
    }
    int first;
    std::array<double, 4> weights;
  };

  [[nodiscard]] std::size_t index(int x, int y, int z) const {
    const auto row = static_cast<std::size_t>(z) * static_cast<std::size_t>(count_[1]) +
                     static_cast<std::size_t>(y);
    return row * static_cast<std::size_t>(count_[0]) + static_cast<std::size_t>(x);
  }

  double knots_;
  std::array<int, 3> first_{};
  std::array<int, 3> count_{};
  std::vector<double> values_;
};

}  // namespace head_federation
