// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/downstream/evaluate.hpp"

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

TEST_CASE("Distances are in mm and within slices", "[downstream]") {
  const auto truth = truth_of({{"p", {1, 0, 0, 0}}, {"p", {1, 0, 0, 0}}});
  const auto found = truth_of({{"", {0, 0, 0, 1}}, {"", {1, 0, 0, 0}}});
  const auto scores = evaluate(found.labels, truth);
  // Distances 1.5 mm in the first slice and 0 in the second: 95 % of the way.
  CHECK(std::abs(scores.classes[0].hausdorff95.mean - 0.95 * 1.5) < 1e-12);  // below 1e-15 measured
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
                    "evaluate: slices of case 'p' differ in pixel spacing");
}

}  // namespace
}  // namespace asyndgan::downstream
