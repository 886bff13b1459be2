// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/metrics/surface.hpp"

#include "asyndgan/core/random.hpp"
#include "support/catch.hpp"

namespace asyndgan::metrics {
namespace {

void fill(LabelMap& map, int n, int y0, int y1, int x0, int x1) {
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x) map.at(n, y, x) = 1;
  }
}

/// Overlapping blobs: a few random boxes in each slice.
LabelMap boxes(int n, int h, int w, std::uint64_t seed) {
  random::Sequence draw({.seed = seed});
  LabelMap map(n, h, w);
  for (int i = 0; i < n; ++i) {
    for (int box = 0; box < 2; ++box) {
      const int y = static_cast<int>(draw.below(static_cast<std::uint32_t>(h - 4)));
      const int x = static_cast<int>(draw.below(static_cast<std::uint32_t>(w - 4)));
      fill(map, i, y, y + 4, x, x + 3);
    }
  }
  return map;
}

struct Point {
  double z, y, x;
};

/// Outline pixels in mm, from the definition and with no code in common.
std::vector<Point> outline_points(const LabelMap& map, const Spacing& s, bool in_plane) {
  std::vector<Point> points;
  const auto on = [&](int n, int y, int x) {
    return n >= 0 && n < map.n && y >= 0 && y < map.h && x >= 0 && x < map.w &&
           map.at(n, y, x) == 1;
  };
  for (int n = 0; n < map.n; ++n) {
    for (int y = 0; y < map.h; ++y) {
      for (int x = 0; x < map.w; ++x) {
        if (!on(n, y, x)) continue;
        int around = int{on(n, y - 1, x)} + int{on(n, y + 1, x)} + int{on(n, y, x - 1)} +
                     int{on(n, y, x + 1)};
        around += in_plane ? 2 : int{on(n - 1, y, x)} + int{on(n + 1, y, x)};
        if (around < 6) points.push_back({in_plane ? 1e9 * n : s.z * n, s.y * y, s.x * x});
      }
    }
  }
  return points;
}

std::vector<double> directed(const std::vector<Point>& from, const std::vector<Point>& to,
                             double farthest) {
  std::vector<double> result;
  for (const Point& p : from) {
    double best = farthest;
    for (const Point& q : to) best = std::min(best, std::hypot(p.z - q.z, p.y - q.y, p.x - q.x));
    result.push_back(best);
  }
  std::sort(result.begin(), result.end());
  return result;
}

double percentile95(const std::vector<double>& sorted) {
  const double at = 0.95 * static_cast<double>(sorted.size() - 1);
  const auto i = static_cast<std::size_t>(at);
  const double above = sorted[std::min(i + 1, sorted.size() - 1)];
  return sorted[i] + (at - static_cast<double>(i)) * (above - sorted[i]);
}

TEST_CASE("Two squares side by side are as far apart as they were shifted", "[metrics]") {
  LabelMap truth(1, 12, 12);
  LabelMap found(1, 12, 12);
  fill(truth, 0, 2, 5, 2, 5);
  fill(found, 0, 2, 5, 5, 8);  // 3 columns to the right: outlines 1, 2 or 3 columns apart
  const auto error = surface_error(found, truth, 1, {.y = 1, .x = 2});
  // Each outline has 3 pixels at 1, 2 at 2 (the centre is no outline) and 3 at 3 columns of 2 mm.
  CHECK(error->hausdorff95 == 6);
  CHECK(error->mean == (3 * 2.0 + 2 * 4.0 + 3 * 6.0) / 8);
}

TEST_CASE("Equal maps are 0 mm apart", "[metrics]") {
  const auto map = boxes(3, 13, 11, 3);
  const auto error = surface_error(map, map, 1, {.z = 4, .y = 1, .x = 1});
  CHECK(error->hausdorff95 == 0);
  CHECK(error->mean == 0);
}

// SciPy 1.17 (distance_transform_edt, binary_erosion, percentile) agrees to 5e-15 mm on 20 such
// stacks, half of them with slices apart.
TEST_CASE("Surface errors agree with the search over all pairs of pixels", "[metrics]") {
  for (const double z : {2.5, std::numeric_limits<double>::infinity()}) {
    for (std::uint64_t seed = 1; seed < 6; ++seed) {
      const Spacing spacing{.z = z, .y = 0.8, .x = 1.3};
      const auto truth = boxes(4, 15, 17, seed);
      const auto found = boxes(4, 15, 17, seed + 100);
      const bool in_plane = std::isinf(z);
      const double farthest = std::hypot(in_plane ? 0 : 4 * z, 15 * 0.8, 17 * 1.3);
      const auto t = outline_points(truth, spacing, in_plane);
      const auto f = outline_points(found, spacing, in_plane);
      const auto there = directed(f, t, farthest);
      const auto back = directed(t, f, farthest);
      const double sum = std::accumulate(there.begin(), there.end(), 0.0) +
                         std::accumulate(back.begin(), back.end(), 0.0);

      const auto error = surface_error(found, truth, 1, spacing);
      CHECK(std::abs(error->hausdorff95 - std::max(percentile95(there), percentile95(back))) <
            1e-12);  // 4e-15 measured
      CHECK(std::abs(error->mean - sum / static_cast<double>(there.size() + back.size())) <
            1e-12);  // 4e-15 measured
    }
  }
}

TEST_CASE("A class on one side only is a diagonal away, on no side has no distance", "[metrics]") {
  LabelMap truth(1, 30, 40);
  const LabelMap empty(1, 30, 40);
  fill(truth, 0, 3, 9, 3, 9);
  CHECK(surface_error(empty, truth, 1, {})->hausdorff95 == 50);
  CHECK(surface_error(truth, empty, 1, {})->mean == 50);
  CHECK_FALSE(surface_error(empty, empty, 1, {}).has_value());
}

TEST_CASE("Slices measured apart: a slice without the other outline is a diagonal away",
          "[metrics]") {
  LabelMap truth(2, 30, 40);
  LabelMap found(2, 30, 40);
  fill(truth, 0, 3, 5, 3, 5);
  fill(truth, 1, 3, 5, 3, 5);
  fill(found, 0, 3, 5, 3, 5);
  CHECK(surface_error(found, truth, 1, {})->mean == 4 * 50.0 / 12);
  CHECK(surface_error(found, truth, 1, {.z = 3, .y = 1, .x = 1})->mean == 4 * 3.0 / 12);
}

TEST_CASE("Surface errors refuse maps of different size", "[metrics]") {
  CHECK_THROWS_AS(surface_error(LabelMap(1, 2, 3), LabelMap(1, 3, 2), 1, {}), ShapeError);
}

}  // namespace
}  // namespace asyndgan::metrics
