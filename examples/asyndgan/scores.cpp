// SPDX-License-Identifier: Apache-2.0
#include "scores.hpp"

#include <cstddef>
#include <span>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/metrics/summary.hpp"

namespace asyndgan::program {

namespace {

using Named = std::map<std::string, double>;

Named named(const downstream::ClassScores& scores) {
  Named result;
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) result[name] = *value;
  };
  add("dice", scores.dice);
  add("sensitivity", scores.sensitivity);
  add("specificity", scores.specificity);
  add("hd95", scores.hausdorff95);
  return result;
}

/// Means of every name over the maps that have it.
Named means(const std::vector<const Named*>& maps) {
  std::map<std::string, std::pair<double, int>> sums;
  for (const Named* map : maps) {
    for (const auto& [name, value] : *map) {
      sums[name].first += value;
      ++sums[name].second;
    }
  }
  Named result;
  for (const auto& [name, sum] : sums) result[name] = sum.first / sum.second;
  return result;
}

/// The score of each name over cases, one map a case.
std::map<std::string, Score> over_cases(const std::vector<Named>& cases) {
  std::map<std::string, std::vector<double>> values;
  for (const Named& scores : cases) {
    for (const auto& [name, value] : scores) values[name].push_back(value);
  }
  std::map<std::string, Score> result;
  for (const auto& [name, list] : values) {
    const auto summary = metrics::summarize(std::span<const double>(list));
    result[name] = {summary.count, summary.mean, summary.low, summary.high};
  }
  return result;
}

}  // namespace

downstream::EvaluationOptions evaluation_options(const RunConfig& config) {
  if (config.data.modality != ModalityKind::histology) return {};
  return {.objects = downstream::ObjectClasses{}};
}

std::vector<CaseFound> cases_of(const downstream::Evaluation& evaluation) {
  std::vector<CaseFound> cases;
  for (const auto& scored : evaluation.cases) {
    CaseFound found{.id = scored.case_id, .mean = {}, .classes = {}};
    for (std::size_t label = 1; label < scored.classes.size(); ++label) {
      found.classes.push_back(named(scored.classes[label]));
    }
    std::vector<const Named*> all;
    for (const auto& scores : found.classes) {
      if (scores.contains("dice")) all.push_back(&scores);  // the case has the class
    }
    found.mean = means(all);
    if (scored.aji) found.mean["aji"] = *scored.aji;
    cases.push_back(std::move(found));
  }
  return cases;
}

Scores summarise(const std::vector<std::vector<CaseFound>>& segmenters) {
  if (segmenters.empty()) throw ContractViolation("summarise: no segmenter");
  const auto& first = segmenters.front();
  for (const auto& cases : segmenters) {
    if (cases.size() != first.size()) {
      throw DataError(
          "results of segmenters that were tested on different cases; start over "
          "with --fresh");
    }
  }
  const std::size_t classes = first.empty() ? 0 : first.front().classes.size();
  std::vector<Named> of_case;
  std::vector<std::vector<Named>> of_class(classes);
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto mean_of = [&](auto member) {
      std::vector<const Named*> maps;
      maps.reserve(segmenters.size());
      for (const auto& cases : segmenters) maps.push_back(member(cases[i]));
      return means(maps);
    };
    of_case.push_back(mean_of([](const CaseFound& found) { return &found.mean; }));
    for (std::size_t k = 0; k < classes; ++k) {
      of_class[k].push_back(mean_of([&](const CaseFound& found) { return &found.classes.at(k); }));
    }
  }
  Scores scores{.mean = over_cases(of_case), .classes = {}};
  for (const auto& cases : of_class) scores.classes.push_back(over_cases(cases));
  return scores;
}

}  // namespace asyndgan::program
