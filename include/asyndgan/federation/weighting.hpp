// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/federation/sampling.hpp"

namespace asyndgan::federation {

/// How the sites' gradients are combined: the pi_j of the objective.
/// Source  Chang et al. 2020 (CVPR), eq. 1.
enum class Weighting {
  uniform,   // 1 / S
  by_count,  // n_j / n, with n_j the site's number of samples
  given,     // the user's, normalised to sum 1
};

/// pi_j for every site, summing to 1.
///
/// Errors  ConfigError when `given` has the wrong length, a negative or non-finite weight, or
///         sums to 0.
[[nodiscard]] inline std::vector<double> site_weights(Weighting weighting,
                                                      std::span<const std::int64_t> counts,
                                                      std::span<const double> given = {}) {
  std::vector<double> weights(counts.size(), 1.0);
  if (weighting == Weighting::by_count) weights.assign(counts.begin(), counts.end());
  if (weighting == Weighting::given) {
    if (given.size() != counts.size()) {
      throw ConfigError("site weights: " + std::to_string(given.size()) + " given for " +
                        std::to_string(counts.size()) + " sites");
    }
    weights.assign(given.begin(), given.end());
  }
  double sum = 0;
  for (std::size_t site = 0; site < weights.size(); ++site) {
    if (!std::isfinite(weights[site]) || weights[site] < 0) {
      throw ConfigError("site weights: weight of site " + std::to_string(site + 1) + " is " +
                        std::to_string(weights[site]) + ", expected a number >= 0");
    }
    sum += weights[site];
  }
  if (!(sum > 0)) throw ConfigError("site weights: all are 0, expected a positive sum");
  for (double& weight : weights) weight /= sum;
  return weights;
}

/// What every site's gradient counts in a step: pi_j for equal batches, else in proportion to
/// pi_j times the images of site j, so that with equal pi_j every image has the same vote.
///
/// Errors  ContractViolation where the sum of pi_j * sizes_j is 0: nobody's gradient counts.
[[nodiscard]] inline std::vector<double> step_weights(std::span<const double> weights,
                                                      std::span<const int> sizes) {
  std::vector<double> shares(weights.begin(), weights.end());
  if (std::adjacent_find(sizes.begin(), sizes.end(), std::not_equal_to<>()) == sizes.end()) {
    return shares;
  }
  double sum = 0;
  for (std::size_t site = 0; site < shares.size(); ++site) sum += shares[site] *= sizes[site];
  if (!(sum > 0)) throw ContractViolation("step_weights: all sites that take part have weight 0");
  for (double& share : shares) share /= sum;
  return shares;
}

/// An answer to a step's fakes.
struct AnswerSize {
  std::size_t site;
  int images;
};

/// What each answer counts in a step, before its age does, with `weights` the pi_j by site and
/// `present` the sites that have a part in the run.
///
///   balanced  pi_j * S / m for m answers of S sites: on average over who answers, sum_j pi_j L_j
///   pooled    step_weights(), divided among the answers of one site
///
/// Source  Li et al. 2020, On the convergence of FedAvg on non-IID data (arXiv:1907.02189),
///         scheme II, for balanced.
[[nodiscard]] inline std::vector<double> answer_weights(Sampling sampling,
                                                        std::span<const double> weights,
                                                        std::span<const AnswerSize> answers,
                                                        int present) {
  std::vector<double> result;
  if (sampling == Sampling::balanced) {
    const double scale = present / static_cast<double>(answers.size());
    for (const AnswerSize& answer : answers) result.push_back(weights[answer.site] * scale);
    return result;
  }
  std::vector<int> images(weights.size(), 0);
  for (const AnswerSize& answer : answers) images[answer.site] += answer.images;
  const auto shares = step_weights(weights, images);
  for (const AnswerSize& answer : answers) {
    result.push_back(shares[answer.site] *
                     (static_cast<double>(answer.images) / images[answer.site]));
  }
  return result;
}

}  // namespace asyndgan::federation
