// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/downstream/evaluate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "asyndgan/core/random.hpp"
#include "support/catch.hpp"

namespace asyndgan::downstream {
namespace {

/// Slices of 1 x 4 pixels with the given labels, 3 classes, pixels of 2 x 0.5 mm.
data::Slices truth_of(const std::vector<std::pair<std::string, std::vector<std::uint8_t>>>& rows) {
  const int count = static_cast<int>(rows.size());
  data::Slices slices{.images = Tensor<float>({count, 1, 1, 4}),
                      .labels = LabelMap(count, 1, 4),
                      .info = {},
                      .classes = 3,
                      .channels = {"t1"}};
  for (int i = 0; i < count; ++i) {
    const auto& [id, labels] = rows[static_cast<std::size_t>(i)];
    slices.info.push_back({id, i, 2, 0.5});
    for (int x = 0; x < 4; ++x) slices.labels.at(i, 0, x) = labels[static_cast<std::size_t>(x)];
  }
  return slices;
}

TEST_CASE("Slices of a patient are scored together, patients are averaged", "[downstream]") {
  const auto truth = truth_of({{"p", {0, 1, 1, 0}}, {"q", {1, 1, 1, 1}}, {"p", {1, 1, 2, 2}}});
  const auto found = truth_of({{"", {0, 1, 0, 0}}, {"", {1, 1, 1, 1}}, {"", {1, 1, 2, 1}}});
  const auto scores = evaluate(found.labels, truth);
  REQUIRE(scores.cases.size() == 2);
  const auto& p = scores.cases[0];
  CHECK(p.case_id == "p");
  CHECK(p.classes[1].pixels == metrics::Confusion{3, 1, 1, 3});  // of 8 pixels
  CHECK(*p.classes[1].dice == 6.0 / 8.0);
  CHECK(*p.classes[2].dice == 2.0 / 3.0);
  CHECK(*p.dice == (6.0 / 8.0 + 2.0 / 3.0) / 2);
  const auto& q = scores.cases[1];
  CHECK_FALSE(q.classes[2].dice.has_value());
  CHECK(*q.dice == 1);

  CHECK(scores.dice.count == 2);
  CHECK(scores.dice.mean == (*p.dice + 1) / 2);
  CHECK(scores.classes[0].label == 1);
  CHECK(scores.classes[0].dice.mean == (0.75 + 1) / 2);
  CHECK(scores.classes[1].dice.count == 1);
  // All pixels of class 1: 7 found, 1 wrong, 1 missed.
  CHECK(*scores.classes[0].pooled_dice == 14.0 / 16.0);
  CHECK(scores.mean_class_dice == (14.0 / 16.0 + 2.0 / 3.0) / 2);
}

TEST_CASE("Distances of slices that are no volume are in mm and within slices", "[downstream]") {
  const auto truth = truth_of({{"p", {1, 0, 0, 0}}, {"p", {1, 0, 0, 0}}});
  const auto found = truth_of({{"", {0, 0, 0, 1}}, {"", {1, 0, 0, 0}}});
  const auto scores = evaluate(found.labels, truth);
  // Distances 1.5 mm in the first slice and 0 in the second: 95 % of the way.
  CHECK(std::abs(scores.classes[0].hausdorff95.mean - 0.95 * 1.5) < 1e-12);  // below 1e-15 measured
}

/// The same slices as a volume, `spacing_z` mm apart, with these numbers.
data::Slices volume_of(data::Slices slices, double spacing_z, const std::vector<int>& numbers) {
  for (std::size_t i = 0; i < slices.size(); ++i) {
    slices.info[i].spacing_z = spacing_z;
    slices.info[i].slice = numbers[i];
  }
  return slices;
}

TEST_CASE("Distances of a volume's slices are in space, whatever their order", "[downstream]") {
  // Slices 5 mm apart, pixels of 2 x 0.5 mm: the class was found one slice and two columns off.
  const auto rows = truth_of({{"p", {0, 0, 1, 0}}, {"p", {0, 0, 0, 0}}, {"p", {0, 0, 0, 0}}});
  const auto found = truth_of({{"", {0, 0, 0, 0}}, {"", {0, 0, 0, 0}}, {"", {1, 0, 0, 0}}});
  const auto hausdorff = [&](const data::Slices& truth) {
    return evaluate(found.labels, truth).classes[0].hausdorff95.mean;
  };
  CHECK(hausdorff(volume_of(rows, 5, {1, 2, 0})) == std::hypot(5.0, 1.0));
  // In the order of the images the two are two slices apart; as pictures, a diagonal.
  CHECK(hausdorff(volume_of(rows, 5, {0, 1, 2})) == std::hypot(10.0, 1.0));
  CHECK(hausdorff(rows) == std::hypot(2.0, 2.0));
}

TEST_CASE("Slices that were left out keep their room, and count for nothing else", "[downstream]") {
  const auto rows = truth_of({{"p", {0, 1, 0, 0}}, {"p", {0, 0, 0, 0}}});
  const auto found = truth_of({{"", {0, 0, 0, 0}}, {"", {0, 1, 0, 0}}});
  const auto truth = volume_of(rows, 2, {4, 7});
  const auto scores = evaluate(found.labels, truth);
  CHECK(scores.classes[0].hausdorff95.mean == 6);  // three slices of 2 mm
  CHECK(scores.cases[0].classes[1].pixels == metrics::Confusion{0, 1, 1, 6});
  CHECK(scores.cases[0].classes[0].pixels == metrics::Confusion{6, 1, 1, 0});
  // Missed, it is a diagonal away: 4 slices of 2 mm, 1 row of 2, 4 columns of 0.5.
  CHECK(evaluate(LabelMap(2, 1, 4), truth).classes[0].hausdorff95.mean ==
        std::hypot(8.0, 2.0, 2.0));
}

TEST_CASE("One slice of a volume is measured in the plane, as a picture is", "[downstream]") {
  const auto truth = volume_of(truth_of({{"p", {0, 2, 2, 0}}}), 30, {9});
  CHECK(evaluate(LabelMap(1, 1, 4), truth).classes[1].hausdorff95.mean == std::hypot(2.0, 2.0));
}

/// A voxel of the class, by the number of its slice.
using Voxel = std::array<int, 3>;

std::vector<Voxel> outline(const std::set<Voxel>& voxels) {
  std::vector<Voxel> result;
  for (const Voxel& v : voxels) {
    int around = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      for (const int step : {-1, 1}) {
        Voxel other = v;
        other[axis] += step;
        around += voxels.contains(other) ? 1 : 0;
      }
    }
    if (around < 6) result.push_back(v);
  }
  return result;
}

/// The 95th percentile of the distances in mm from one outline to the other, by the definition:
/// no grid, and no code in common.
double directed95(const std::set<Voxel>& from, const std::set<Voxel>& to,
                  const std::array<double, 3>& spacing) {
  std::vector<double> distances;
  for (const Voxel& a : outline(from)) {
    double best = std::numeric_limits<double>::infinity();
    for (const Voxel& b : outline(to)) {
      best = std::min(best, std::hypot((a[0] - b[0]) * spacing[0], (a[1] - b[1]) * spacing[1],
                                       (a[2] - b[2]) * spacing[2]));
    }
    distances.push_back(best);
  }
  std::sort(distances.begin(), distances.end());
  const double at = 0.95 * static_cast<double>(distances.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const auto above = std::min(below + 1, distances.size() - 1);
  return distances[below] +
         (at - static_cast<double>(below)) * (distances[above] - distances[below]);
}

TEST_CASE("Distances in space agree with the search over all pairs of voxels", "[downstream]") {
  const std::vector<int> numbers{3, 8, 4, 5, 2, 9, 11};  // out of order; 6, 7 and 10 left out
  constexpr int kHeight = 9;
  constexpr int kWidth = 8;
  const int count = static_cast<int>(numbers.size());
  for (std::uint64_t seed = 1; seed < 6; ++seed) {
    random::Sequence draw({.seed = seed, .purpose = random::Purpose::test});
    const auto below = [&](int end) {
      return static_cast<int>(draw.below(static_cast<std::uint32_t>(end)));
    };
    const auto add_box = [&](LabelMap& map, std::set<Voxel>& voxels) {
      const Voxel corner{2 + below(5), below(kHeight - 4), below(kWidth - 3)};
      for (int n = 0; n < count; ++n) {
        const int z = numbers[static_cast<std::size_t>(n)];
        if (z < corner[0] || z > corner[0] + 4) continue;
        for (int y = corner[1]; y < corner[1] + 5; ++y) {
          for (int x = corner[2]; x < corner[2] + 4; ++x) {
            map.at(n, y, x) = 1;
            voxels.insert({z, y, x});
          }
        }
      }
    };
    data::Slices truth{.images = Tensor<float>({count, 1, kHeight, kWidth}),
                       .labels = LabelMap(count, kHeight, kWidth),
                       .info = {},
                       .classes = 2,
                       .channels = {"t1"}};
    for (const int number : numbers) truth.info.push_back({"p", number, 0.8, 1.3, 2.5});
    LabelMap found = truth.labels;
    std::set<Voxel> real_voxels;
    std::set<Voxel> found_voxels;
    for (int boxes = 0; boxes < 2; ++boxes) {
      add_box(truth.labels, real_voxels);
      add_box(found, found_voxels);
    }
    const std::array<double, 3> spacing{2.5, 0.8, 1.3};
    const double expected = std::max(directed95(real_voxels, found_voxels, spacing),
                                     directed95(found_voxels, real_voxels, spacing));
    REQUIRE(expected > 0);
    const auto scores = evaluate(found, truth);
    CHECK(std::abs(scores.classes[0].hausdorff95.mean - expected) < 1e-12);  // 9e-16 measured
  }
}

TEST_CASE("A class found where there is none is a false alarm and has no Dice", "[downstream]") {
  const auto truth = truth_of({{"p", {0, 1, 1, 0}}, {"q", {0, 1, 2, 0}}, {"r", {0, 1, 1, 0}}});
  const auto found = truth_of({{"", {0, 1, 2, 0}}, {"", {0, 1, 2, 0}}, {"", {0, 1, 1, 0}}});
  const auto scores = evaluate(found.labels, truth);
  const auto& second = scores.classes[1];
  CHECK(second.dice.count == 1);
  CHECK(second.dice.mean == 1);
  CHECK(second.cases_without == 2);
  CHECK(second.false_alarms == 1);
  CHECK(*second.pooled_dice == 2.0 / 3.0);
  CHECK(second.specificity.count == 3);
  CHECK(second.specificity.mean == (0.75 + 1 + 1) / 3);
}

TEST_CASE("A missed class is a Dice of 0 at the distance of the diagonal", "[downstream]") {
  const auto truth = truth_of({{"p", {0, 2, 2, 0}}});
  const auto scores = evaluate(LabelMap(1, 1, 4), truth);
  CHECK(scores.classes[1].dice.mean == 0);
  CHECK(scores.classes[1].sensitivity.mean == 0);
  CHECK(scores.classes[1].hausdorff95.mean == std::hypot(2.0, 2.0));
  CHECK_FALSE(scores.classes[0].pooled_dice.has_value());
  CHECK(scores.mean_class_dice == 0);
}

TEST_CASE("Evaluation refuses what cannot be compared", "[downstream]") {
  auto truth = truth_of({{"p", {0, 1, 1, 0}}, {"p", {0, 1, 1, 0}}});
  CHECK_THROWS_AS(evaluate(LabelMap(1, 1, 4), truth), ShapeError);
  truth.info[1].spacing_x = 3;
  CHECK_THROWS_WITH(evaluate(truth.labels, truth),
                    "evaluate: slices of case 'p' differ in spacing: (inf, 2, 3) and (inf, 2, 0.5) "
                    "mm");
  truth.info[1].spacing_x = 0.5;
  truth.info[1].spacing_z = 4;
  CHECK_THROWS_WITH(evaluate(truth.labels, truth),
                    Catch::Contains("(4, 2, 0.5) and (inf, 2, 0.5)"));
  CHECK_THROWS_WITH(evaluate(truth.labels, volume_of(truth, 4, {3, 3})),
                    "evaluate: case 'p' has slice 3 twice");
}

TEST_CASE("Objects are measured where they are asked for, case by case", "[downstream]") {
  // p: of two pixels one is found, and one nucleus that is none: 1 / (2 + 1). q: all of one.
  const auto truth = truth_of({{"p", {1, 2, 0, 0}}, {"q", {0, 1, 1, 0}}, {"r", {0, 0, 0, 0}}});
  const auto found = truth_of({{"", {1, 0, 0, 1}}, {"", {0, 2, 1, 0}}, {"", {0, 0, 0, 0}}});
  const auto scores = evaluate(found.labels, truth, {.objects = ObjectClasses{}});
  CHECK(*scores.cases[0].aji == Approx(1.0 / 3).epsilon(1e-15));  // measured 0
  CHECK(*scores.cases[1].aji == 1);
  CHECK_FALSE(scores.cases[2].aji);  // no nucleus, and none found
  CHECK(scores.aji.count == 2);
  CHECK(scores.aji.mean == Approx(2.0 / 3).epsilon(1e-15));  // measured 0
  CHECK(evaluate(found.labels, truth).aji.count == 0);
}

}  // namespace
}  // namespace asyndgan::downstream
