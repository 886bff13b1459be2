// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/metrics/distance_transform.hpp"

#include <algorithm>

#include "asyndgan/core/random.hpp"
#include "support/catch.hpp"

namespace asyndgan::metrics {
namespace {

/// The definition: the smallest over all marked pixels.
double nearest(const std::vector<std::uint8_t>& marked, const Extent& e, const Spacing& s,
               std::size_t z, std::size_t y, std::size_t x) {
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i] == 0) continue;
    const std::size_t mz = i / (e.height * e.width);
    if (s.separate_slices() && mz != z) continue;
    const auto square = [](std::size_t a, std::size_t b, double step) {
      const double d = (static_cast<double>(a) - static_cast<double>(b)) * step;
      return d * d;
    };
    const double dz = mz == z ? 0 : square(mz, z, s.z);
    best =
        std::min(best, dz + square(i / e.width % e.height, y, s.y) + square(i % e.width, x, s.x));
  }
  return best;
}

TEST_CASE("Distances to one pixel are those of the ruler", "[metrics]") {
  std::vector<std::uint8_t> marked(12);
  marked[5] = 1;  // row 1, column 1 of (3, 4)
  const auto squared = squared_distances(marked, {1, 3, 4}, {.y = 2, .x = 0.5});
  CHECK(squared == std::vector<double>{4.25, 4, 4.25, 5,  //
                                       0.25, 0, 0.25, 1,  //
                                       4.25, 4, 4.25, 5});
}

TEST_CASE("Distances agree with the search over all marked pixels", "[metrics]") {
  for (const double share : {0.02, 0.3, 0.9}) {
    for (const double z : {3.5, 1.0, std::numeric_limits<double>::infinity()}) {
      const Extent extent{5, 11, 14};
      const Spacing spacing{.z = z, .y = 0.9, .x = 1.7};
      const random::Stream stream({.seed = 7});
      std::vector<std::uint8_t> marked(extent.size());
      for (std::size_t i = 0; i < marked.size(); ++i) marked[i] = stream.uniform(i) < share;
      const auto squared = squared_distances(marked, extent, spacing);
      double worst = 0;
      bool same_reach = true;
      for (std::size_t i = 0; i < marked.size(); ++i) {
        const double expected = nearest(marked, extent, spacing, i / 154, i / 14 % 11, i % 14);
        same_reach = same_reach && std::isinf(expected) == std::isinf(squared[i]);
        if (!std::isinf(expected)) worst = std::max(worst, std::abs(squared[i] - expected));
      }
      CHECK(same_reach);
      CHECK(worst < 1e-12);  // 6e-14 measured
    }
  }
}

TEST_CASE("An image without a marked pixel is infinitely far from one", "[metrics]") {
  const auto squared = squared_distances(std::vector<std::uint8_t>(6), {1, 2, 3}, {});
  CHECK(std::all_of(squared.begin(), squared.end(), [](double d) { return std::isinf(d); }));
}

TEST_CASE("Distances refuse spacings and sizes that make no sense", "[metrics]") {
  CHECK_THROWS_AS(squared_distances(std::vector<std::uint8_t>(5), {1, 2, 3}, {}), ShapeError);
  CHECK_THROWS_AS(squared_distances(std::vector<std::uint8_t>(6), {1, 2, 3}, {.y = 0}),
                  ContractViolation);
}

}  // namespace
}  // namespace asyndgan::metrics
