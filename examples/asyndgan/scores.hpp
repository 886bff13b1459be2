// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "asyndgan/downstream/evaluate.hpp"
#include "config.hpp"
#include "results.hpp"

namespace asyndgan::program {

/// One segmenter on the test set, case by case: "dice" and the like of each foreground class,
/// without those that are not defined.
struct CaseFound {
  std::string id;
  std::map<std::string, double> mean;                  // over the classes that have the score
  std::vector<std::map<std::string, double>> classes;  // from label 1
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CaseFound, id, mean, classes)

/// Objects are measured where the modality has them.
[[nodiscard]] downstream::EvaluationOptions evaluation_options(const RunConfig& config);

[[nodiscard]] std::vector<CaseFound> cases_of(const downstream::Evaluation& evaluation);

/// Means over the cases with their intervals; where several segmenters were trained, a case
/// counts with the mean of theirs.
///
/// Requires  the same cases and classes in every one.
struct Scores {
  std::map<std::string, Score> mean;
  std::vector<std::map<std::string, Score>> classes;
};
[[nodiscard]] Scores summarise(const std::vector<std::vector<CaseFound>>& segmenters);

}  // namespace asyndgan::program
