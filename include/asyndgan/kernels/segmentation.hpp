// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/tensor.hpp"

namespace asyndgan::kernels {

/// What the losses of a segmenter compute on one device: static softmax, cross_entropy,
/// class_overlap and overlap_backward with the contracts of the functions below. Specialised per
/// device; cpu/segmentation.hpp holds the Cpu's.
template <std::floating_point T, Device D>
struct SegmentationKernel;

/// Probabilities of the classes at every pixel, e^(z_k - max z) / sum over j of e^(z_j - max z).
///
/// Shapes    logits and result (N, K, H, W).
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> softmax(const Tensor<T, D>& logits) {
  auto probabilities = Tensor<T, D>::uninitialized(logits.shape());
  SegmentationKernel<T, D>::softmax(logits, probabilities);
  return probabilities;
}

/// sum over pixels of weights[label] * -log p[label], and its gradient, written to d_logits.
/// Finite for any finite logits.
///
/// Shapes    logits and d_logits (N, K, H, W), labels (N, H, W), K weights.
/// Requires  these shapes and labels below K; nothing is checked. So too below.
/// Ensures   sums have a fixed order, whatever the number of threads. So too below.
template <std::floating_point T, Device D>
[[nodiscard]] double softmax_cross_entropy(const Tensor<T, D>& logits, const LabelMap& labels,
                                           std::span<const double> weights,
                                           Tensor<T, D>& d_logits) {
  return SegmentationKernel<T, D>::cross_entropy(logits, labels, weights, d_logits);
}

/// Sums of one class over batch and pixels.
struct ClassOverlap {
  double common = 0;     // of p where the label is the class
  double predicted = 0;  // of p
  double labelled = 0;   // pixels whose label is the class
};

/// One ClassOverlap per class.
template <std::floating_point T, Device D>
[[nodiscard]] std::vector<ClassOverlap> class_overlap(const Tensor<T, D>& probabilities,
                                                      const LabelMap& labels) {
  return SegmentationKernel<T, D>::class_overlap(probabilities, labels);
}

/// dL/dlogits of a loss that is a function of class_overlap(softmax(logits), labels).
/// inside[k] is dL/dp_k where the label is k, outside[k] where it is not.
template <std::floating_point T, Device D>
[[nodiscard]] Tensor<T, D> overlap_backward(const Tensor<T, D>& probabilities,
                                            const LabelMap& labels, std::span<const double> inside,
                                            std::span<const double> outside) {
  auto d_logits = Tensor<T, D>::uninitialized(probabilities.shape());
  SegmentationKernel<T, D>::overlap_backward(probabilities, labels, inside, outside, d_logits);
  return d_logits;
}

/// The definitions at one pixel.
struct SegmentationReference {
  static std::vector<double> softmax(std::span<const double> logits) {
    double largest = logits[0];
    for (const double z : logits) largest = z > largest ? z : largest;
    std::vector<double> p;
    double sum = 0;
    for (const double z : logits) sum += p.emplace_back(std::exp(z - largest));
    for (double& value : p) value /= sum;
    return p;
  }
  static double cross_entropy(std::span<const double> logits, std::size_t label) {
    double largest = logits[0];
    for (const double z : logits) largest = z > largest ? z : largest;
    double sum = 0;
    for (const double z : logits) sum += std::exp(z - largest);
    return std::log(sum) + largest - logits[label];
  }
};

}  // namespace asyndgan::kernels

#include "asyndgan/kernels/cpu/segmentation.hpp"  // IWYU pragma: export
