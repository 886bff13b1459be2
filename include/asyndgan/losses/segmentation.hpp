// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/elementwise.hpp"
#include "asyndgan/kernels/segmentation.hpp"
#include "asyndgan/losses/loss.hpp"

/// Losses of a segmenter's logits (N, K, H, W) against labels (N, H, W), with the gradient of
/// the logits.
///
/// Errors  ShapeError when labels are of another batch or size; ContractViolation on a label
///         beyond the classes.
namespace asyndgan::losses {

namespace detail {
/// Pixels of each class.
[[nodiscard]] inline std::vector<double> count_labels(const Shape& logits, const LabelMap& labels,
                                                      const char* who) {
  require_elements(logits, who);
  require_shape({labels.n, logits.c, labels.h, labels.w}, logits,
                (std::string(who) + ": one-hot of the labels").c_str());
  std::vector<double> counts(static_cast<std::size_t>(logits.c));
  for (const std::uint8_t label : labels.labels) {
    if (label >= counts.size()) {
      throw ContractViolation(std::string(who) + ": label " + std::to_string(label) + " with " +
                              std::to_string(logits.c) + " classes");
    }
    counts[label] += 1;
  }
  return counts;
}
}  // namespace detail

struct CrossEntropyOptions {
  std::vector<double> class_weights;  // one per class, or empty: all 1
};

/// Mean of -w[label] * log softmax(logits)[label], divided by the mean weight, as PyTorch does.
/// Numerically safe for any finite logits.
template <std::floating_point T, Device D>
[[nodiscard]] Loss<T, D> cross_entropy(const Tensor<T, D>& logits, const LabelMap& labels,
                                       const CrossEntropyOptions& options = {}) {
  const auto counts = detail::count_labels(logits.shape(), labels, "cross_entropy");
  std::vector<double> weights = options.class_weights;
  if (weights.empty()) weights.assign(counts.size(), 1.0);
  if (weights.size() != counts.size()) {
    throw ContractViolation("cross_entropy: " + std::to_string(weights.size()) +
                            " class weights for " + std::to_string(counts.size()) + " classes");
  }
  double total = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) total += weights[k] * counts[k];
  Loss<T, D> loss{0, Tensor<T, D>(logits.shape())};
  if (total == 0) return loss;  // every pixel has weight 0
  for (double& weight : weights) weight /= total;
  loss.value = kernels::softmax_cross_entropy(logits, labels, weights, loss.gradient);
  return loss;
}

struct TverskyOptions {
  double false_positives = 0.3;  // alpha: what one costs
  double false_negatives = 0.7;  // beta: more than alpha finds small classes
  double smooth = 1;             // pixels, in numerator and denominator
  bool background = false;       // count class 0 too
};

/// 1 - mean over classes of (TP + s) / (TP + alpha FP + beta FN + s), soft counts over the whole
/// batch: TP sums the probability of the class where it is the label, FP where it is not, FN what
/// is missing to 1 where it is.
///
/// Errors  ContractViolation on negative options, or where no class is left to count.
/// Source  Salehi et al. 2017, arXiv:1706.05721, equation 4.
template <std::floating_point T, Device D>
[[nodiscard]] Loss<T, D> tversky(const Tensor<T, D>& logits, const LabelMap& labels,
                                 const TverskyOptions& options = {}) {
  const double alpha = options.false_positives;
  const double beta = options.false_negatives;
  const std::size_t first = options.background ? 0 : 1;
  const auto counts = detail::count_labels(logits.shape(), labels, "tversky");
  if (!(alpha >= 0 && beta >= 0 && options.smooth > 0) || first >= counts.size()) {
    throw ContractViolation("tversky: alpha " + std::to_string(alpha) + ", beta " +
                            std::to_string(beta) + ", smooth " + std::to_string(options.smooth) +
                            ", " + std::to_string(counts.size() - first) + " classes to count");
  }
  const auto probabilities = kernels::softmax(logits);
  const auto overlap = kernels::class_overlap(probabilities, labels);
  std::vector<double> inside(counts.size());
  std::vector<double> outside(counts.size());
  const double share = 1 / static_cast<double>(counts.size() - first);
  double index = 0;
  for (std::size_t k = first; k < counts.size(); ++k) {
    const auto& [common, predicted, labelled] = overlap[k];
    const double top = common + options.smooth;
    const double bottom = top + alpha * (predicted - common) + beta * (labelled - common);
    index += share * top / bottom;
    // d(top)/dp and d(bottom)/dp: 1 and 1 - beta inside the class, 0 and alpha outside.
    inside[k] = -share * (bottom - top * (1 - beta)) / (bottom * bottom);
    outside[k] = share * top * alpha / (bottom * bottom);
  }
  return {1 - index, kernels::overlap_backward(probabilities, labels, inside, outside)};
}

struct SoftDiceOptions {
  double smooth = 1;        // pixels, in numerator and denominator
  bool background = false;  // count class 0 too
};

/// 1 - mean over classes of (2 TP + s) / (2 TP + FP + FN + s), soft counts over the whole batch.
/// Tversky's index with alpha = beta = 1/2 is the same fraction divided by 2.
/// Source  Milletari et al. 2016, arXiv:1606.04797, with sums instead of sums of squares.
template <std::floating_point T, Device D>
[[nodiscard]] Loss<T, D> soft_dice(const Tensor<T, D>& logits, const LabelMap& labels,
                                   const SoftDiceOptions& options = {}) {
  return tversky(logits, labels,
                 {.false_positives = 0.5,
                  .false_negatives = 0.5,
                  .smooth = options.smooth / 2,
                  .background = options.background});
}

}  // namespace asyndgan::losses
