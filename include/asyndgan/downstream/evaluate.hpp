// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/data/slices.hpp"
#include "asyndgan/metrics/overlap.hpp"
#include "asyndgan/metrics/summary.hpp"
#include "asyndgan/metrics/surface.hpp"

namespace asyndgan::downstream {

/// One class of one case. A score that is not defined is empty: see metrics/.
struct ClassScores {
  metrics::Confusion pixels;
  std::optional<double> dice;         // where the truth has the class
  std::optional<double> sensitivity;  // where the truth has the class
  std::optional<double> specificity;
  std::optional<double> hausdorff95;  // mm, in the plane, where the truth has the class
};

struct CaseScores {
  std::string case_id;
  std::vector<ClassScores> classes;  // [label], background included
  std::optional<double> dice;        // mean over the foreground classes that the case has
};

/// One class over all cases.
struct ClassSummary {
  int label = 0;
  metrics::Summary dice;
  metrics::Summary sensitivity;
  metrics::Summary specificity;
  metrics::Summary hausdorff95;       // mm
  std::optional<double> pooled_dice;  // over all pixels of all cases, false alarms included
  std::size_t cases_without = 0;      // cases whose truth lacks the class ...
  std::size_t false_alarms = 0;       // ... of them, those in which some was found
};

struct Evaluation {
  std::vector<CaseScores> cases;
  std::vector<ClassSummary> classes;  // the foreground: labels 1, 2, ...
  metrics::Summary dice;              // of CaseScores::dice, over the cases
  /// Mean of pooled_dice over the foreground classes that occur: every class counts alike,
  /// however rare it is.
  double mean_class_dice = 0;
};

namespace detail {

/// A case's slices of `maps`, one after another.
[[nodiscard]] inline LabelMap stack_of(const LabelMap& maps, std::span<const std::size_t> images) {
  LabelMap stack(static_cast<int>(images.size()), maps.h, maps.w);
  auto to = stack.labels.begin();
  for (const std::size_t image : images) {
    const auto from = maps.labels.begin() + static_cast<std::ptrdiff_t>(image * maps.plane());
    to = std::copy_n(from, maps.plane(), to);
  }
  return stack;
}

[[nodiscard]] inline CaseScores score_case(const metrics::Case& who, const LabelMap& prediction,
                                           const data::Slices& truth) {
  const auto& first = truth.info[who.images.front()];
  for (const std::size_t image : who.images) {
    const auto& info = truth.info[image];
    if (info.spacing_y != first.spacing_y || info.spacing_x != first.spacing_x) {
      throw DataError("evaluate: slices of case '" + who.id + "' differ in pixel spacing");
    }
  }
  const LabelMap found = stack_of(prediction, who.images);
  const LabelMap real = stack_of(truth.labels, who.images);
  CaseScores scores{.case_id = who.id, .classes = {}, .dice = {}};
  double sum = 0;
  int present = 0;
  const auto counts = metrics::confusions(found, real, truth.classes);
  for (std::size_t label = 0; label < counts.size(); ++label) {
    ClassScores score{.pixels = counts[label],
                      .dice = {},
                      .sensitivity = metrics::sensitivity(counts[label]),
                      .specificity = metrics::specificity(counts[label]),
                      .hausdorff95 = {}};
    if (score.sensitivity) {  // the truth has the class
      score.dice = metrics::dice(counts[label]);
      const auto surface = metrics::surface_error(found, real, static_cast<int>(label),
                                                  {.y = first.spacing_y, .x = first.spacing_x});
      if (surface) score.hausdorff95 = surface->hausdorff95;
      if (label > 0) {
        sum += *score.dice;
        ++present;
      }
    }
    scores.classes.push_back(score);
  }
  if (present > 0) scores.dice = sum / present;
  return scores;
}

[[nodiscard]] inline ClassSummary summarize_class(const std::vector<CaseScores>& cases, int label,
                                                  const metrics::SummaryOptions& options) {
  const auto column = [&](auto member) {
    std::vector<std::optional<double>> values;
    values.reserve(cases.size());
    for (const auto& each : cases) {
      values.push_back(each.classes[static_cast<std::size_t>(label)].*member);
    }
    return metrics::summarize(std::span<const std::optional<double>>(values), options);
  };
  ClassSummary summary{.label = label,
                       .dice = column(&ClassScores::dice),
                       .sensitivity = column(&ClassScores::sensitivity),
                       .specificity = column(&ClassScores::specificity),
                       .hausdorff95 = column(&ClassScores::hausdorff95),
                       .pooled_dice = {}};
  metrics::Confusion all;
  for (const auto& each : cases) {
    const auto& scores = each.classes[static_cast<std::size_t>(label)];
    all += scores.pixels;
    if (scores.sensitivity) continue;
    ++summary.cases_without;
    if (scores.pixels.false_positive > 0) ++summary.false_alarms;
  }
  if (metrics::sensitivity(all)) summary.pooled_dice = metrics::dice(all);
  return summary;
}

}  // namespace detail

/// Compares a segmenter's labels with the true ones, patient by patient. Dice, sensitivity and
/// Hausdorff distance are taken where the truth has the class; what was found elsewhere shows
/// in specificity, pooled Dice and false alarms. Distances are measured within slices, whose
/// own distance is not part of Slices.
///
/// Shapes   prediction (N, H, W), as truth.labels.
/// Errors   ShapeError, ContractViolation on labels beyond truth.classes, DataError on a case
///          with slices of different pixel spacing.
[[nodiscard]] inline Evaluation evaluate(const LabelMap& prediction, const data::Slices& truth,
                                         const metrics::SummaryOptions& options = {}) {
  metrics::detail::require_same_size(prediction, truth.labels);
  data::require_consistent(truth);
  std::vector<std::string> ids;
  ids.reserve(truth.info.size());
  for (const auto& info : truth.info) ids.push_back(info.case_id);

  Evaluation result;
  std::vector<std::optional<double>> means;
  for (const auto& who : metrics::group_by_case(ids)) {
    result.cases.push_back(detail::score_case(who, prediction, truth));
    means.push_back(result.cases.back().dice);
  }
  result.dice = metrics::summarize(std::span<const std::optional<double>>(means), options);
  int occurring = 0;
  for (int label = 1; label < truth.classes; ++label) {
    result.classes.push_back(detail::summarize_class(result.cases, label, options));
    if (const auto& dice = result.classes.back().pooled_dice; dice) {
      result.mean_class_dice += *dice;
      ++occurring;
    }
  }
  if (occurring > 0) result.mean_class_dice /= occurring;
  return result;
}

}  // namespace asyndgan::downstream
