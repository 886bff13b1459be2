// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
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
#include "asyndgan/data/volume.hpp"  // join
#include "asyndgan/metrics/objects.hpp"
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
  std::optional<double> hausdorff95;  // mm, in space, where the truth has the class
};

struct CaseScores {
  std::string case_id;
  std::vector<ClassScores> classes;  // [label], background included
  std::optional<double> dice;        // mean over the foreground classes that the case has
  std::optional<double> aji = {};    // mean over its images with objects, where they are asked for
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
  metrics::Summary aji;               // of CaseScores::aji; without cases where not asked for
  /// Mean of pooled_dice over the foreground classes that occur: every class counts alike,
  /// however rare it is.
  double mean_class_dice = 0;
};

/// The two classes that objects, such as nuclei, are drawn with: modality::Histology.
struct ObjectClasses {
  int inside = 1;
  int contour = 2;
};

struct EvaluationOptions {
  metrics::SummaryOptions summary = {};
  std::optional<ObjectClasses> objects = {};  // measures the aggregated Jaccard index too
};

namespace detail {

/// Where the slices of one case lie.
struct Stack {
  std::vector<std::size_t> images;  // numbers in the data set, rising along the volume
  std::vector<int> places;          // of each, counted from the first slice
  metrics::Spacing spacing;

  [[nodiscard]] int depth() const { return places.back() + 1; }
  [[nodiscard]] bool has_gaps() const { return depth() != static_cast<int>(places.size()); }
};

/// Slices that know how far they are apart lie at their places in the volume; others are each
/// for themselves, in the order given. Throws DataError on slices that cannot be of one volume.
[[nodiscard]] inline Stack stack_of(const metrics::Case& who, const data::Slices& slices) {
  const auto& info = slices.info;
  const auto& first = info[who.images.front()];
  Stack stack{.images = who.images,
              .places = std::vector<int>(who.images.size()),
              .spacing = {.z = first.spacing_z, .y = first.spacing_y, .x = first.spacing_x}};
  for (const std::size_t image : who.images) {
    const auto& other = info[image];
    if (other.spacing_y == first.spacing_y && other.spacing_x == first.spacing_x &&
        other.spacing_z == first.spacing_z) {
      continue;
    }
    throw DataError(
        "evaluate: slices of case '" + who.id + "' differ in spacing: " +
        data::detail::join({other.spacing_z, other.spacing_y, other.spacing_x}) + " and " +
        data::detail::join({first.spacing_z, first.spacing_y, first.spacing_x}) + " mm");
  }
  if (stack.images.size() == 1) stack.spacing.z = metrics::Spacing{}.z;
  if (stack.spacing.separate_slices()) {
    std::iota(stack.places.begin(), stack.places.end(), 0);
    return stack;
  }
  std::sort(stack.images.begin(), stack.images.end(),
            [&](std::size_t a, std::size_t b) { return info[a].slice < info[b].slice; });
  for (std::size_t i = 0; i < stack.images.size(); ++i) {
    stack.places[i] = info[stack.images[i]].slice - info[stack.images.front()].slice;
    if (i > 0 && stack.places[i] == stack.places[i - 1]) {
      throw DataError("evaluate: case '" + who.id + "' has slice " +
                      std::to_string(info[stack.images[i]].slice) + " twice");
    }
  }
  return stack;
}

/// The images of `maps` with these numbers at these places; background where there is none.
[[nodiscard]] inline LabelMap placed(const LabelMap& maps, std::span<const std::size_t> images,
                                     std::span<const int> places) {
  LabelMap result(places.back() + 1, maps.h, maps.w);
  for (std::size_t i = 0; i < images.size(); ++i) {
    std::copy_n(maps.labels.data() + images[i] * maps.plane(), maps.plane(),
                result.labels.data() + static_cast<std::size_t>(places[i]) * maps.plane());
  }
  return result;
}

/// Prediction and truth of one case.
struct MapPair {
  LabelMap found;
  LabelMap real;
};

[[nodiscard]] inline CaseScores score_case(const metrics::Case& who, const LabelMap& prediction,
                                           const data::Slices& truth) {
  const Stack stack = stack_of(who, truth);
  std::vector<int> together(stack.images.size());
  std::iota(together.begin(), together.end(), 0);
  const auto pair_of = [&](std::span<const int> places) {
    return MapPair{placed(prediction, stack.images, places),
                   placed(truth.labels, stack.images, places)};
  };
  const MapPair pair = pair_of(together);  // nothing but what is there: for counts
  std::optional<MapPair> spread;           // for distances
  if (stack.has_gaps()) spread = pair_of(stack.places);
  const MapPair& volume = spread ? *spread : pair;
  CaseScores scores{.case_id = who.id, .classes = {}, .dice = {}};
  double sum = 0;
  int present = 0;
  const auto counts = metrics::confusions(pair.found, pair.real, truth.classes);
  for (std::size_t label = 0; label < counts.size(); ++label) {
    ClassScores score{.pixels = counts[label],
                      .dice = {},
                      .sensitivity = metrics::sensitivity(counts[label]),
                      .specificity = metrics::specificity(counts[label]),
                      .hausdorff95 = {}};
    if (score.sensitivity) {  // the truth has the class
      score.dice = metrics::dice(counts[label]);
      const auto surface =
          metrics::surface_error(volume.found, volume.real, static_cast<int>(label), stack.spacing);
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

/// Mean aggregated Jaccard index over the images of a case.
[[nodiscard]] inline std::optional<double> score_objects(const metrics::Case& who,
                                                         const LabelMap& prediction,
                                                         const LabelMap& truth,
                                                         const ObjectClasses& classes) {
  double sum = 0;
  int scored = 0;
  for (const std::size_t image : who.images) {
    const auto objects_of = [&](const LabelMap& labels) {
      return metrics::objects_with_contours(labels, static_cast<int>(image), classes.inside,
                                            classes.contour);
    };
    const auto aji = metrics::aggregated_jaccard(objects_of(prediction), objects_of(truth));
    if (!aji) continue;
    sum += *aji;
    ++scored;
  }
  if (scored == 0) return std::nullopt;
  return sum / scored;
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
/// in specificity, pooled Dice and false alarms.
///
/// Distances are measured in space, over the volume that a case's slices make at their places
/// and spacing, in whatever order they come. Slices that data::LoadOptions left out, which have
/// few labels or none, count there as background on both sides, and nowhere else. Slices
/// without a spacing_z, such as pictures, are measured each on its own.
///
/// Shapes   prediction (N, H, W), as truth.labels.
/// Errors   ShapeError, ContractViolation on labels beyond truth.classes, DataError on a case
///          with slices of different spacing, or with the same slice twice.
[[nodiscard]] inline Evaluation evaluate(const LabelMap& prediction, const data::Slices& truth,
                                         const EvaluationOptions& options = {}) {
  metrics::detail::require_same_size(prediction, truth.labels);
  data::require_consistent(truth);
  std::vector<std::string> ids;
  ids.reserve(truth.info.size());
  for (const auto& info : truth.info) ids.push_back(info.case_id);

  Evaluation result;
  std::vector<std::optional<double>> means;
  std::vector<std::optional<double>> ajis;
  for (const auto& who : metrics::group_by_case(ids)) {
    result.cases.push_back(detail::score_case(who, prediction, truth));
    CaseScores& scores = result.cases.back();
    if (options.objects) {
      scores.aji = detail::score_objects(who, prediction, truth.labels, *options.objects);
    }
    means.push_back(scores.dice);
    ajis.push_back(scores.aji);
  }
  result.dice = metrics::summarize(std::span<const std::optional<double>>(means), options.summary);
  result.aji = metrics::summarize(std::span<const std::optional<double>>(ajis), options.summary);
  int occurring = 0;
  for (int label = 1; label < truth.classes; ++label) {
    result.classes.push_back(detail::summarize_class(result.cases, label, options.summary));
    if (const auto& dice = result.classes.back().pooled_dice; dice) {
      result.mean_class_dice += *dice;
      ++occurring;
    }
  }
  if (occurring > 0) result.mean_class_dice /= occurring;
  return result;
}

}  // namespace asyndgan::downstream
