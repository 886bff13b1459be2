// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/segmentation.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/instruction_sets.hpp"

namespace asyndgan::kernels {
namespace {

/// 3 classes; the plane is one pixel longer than two strips of 512.
const Shape kShape{2, 3, 25, 41};

LabelMap labels_in_turn() {
  LabelMap labels(kShape.n, kShape.h, kShape.w);
  for (std::size_t i = 0; i < labels.labels.size(); ++i) {
    labels.labels[i] = static_cast<std::uint8_t>(i * i % 3);
  }
  return labels;
}

template <class T>
std::vector<double> pixel(const Tensor<T>& x, int n, int y, int w) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(x.shape().c));
  for (int k = 0; k < x.shape().c; ++k) values.push_back(static_cast<double>(x(n, k, y, w)));
  return values;
}

TEMPLATE_TEST_CASE("Softmax equals its definition at every pixel", "[kernels]", float, double) {
  using T = TestType;
  auto logits = test::uniform<T>(kShape, 1);
  for (T& z : logits.values()) z *= 50;
  test::for_each_instruction_set([&] {
    const auto p = softmax(logits);
    double worst = 0;
    for (int n = 0; n < kShape.n; ++n) {
      for (int y = 0; y < kShape.h; ++y) {
        for (int x = 0; x < kShape.w; ++x) {
          const auto expected = SegmentationReference::softmax(pixel(logits, n, y, x));
          for (int k = 0; k < kShape.c; ++k) {
            const auto actual = static_cast<double>(p(n, k, y, x));
            worst = std::max(worst, std::abs(actual - expected[static_cast<std::size_t>(k)]));
          }
        }
      }
    }
    CHECK(worst < (std::is_same_v<T, float> ? 1e-6 : 1e-14));  // measured 1.2e-7 and 2e-16
  });
}

TEST_CASE("Cross-entropy equals its definition summed over pixels", "[kernels]") {
  const auto logits = test::uniform<double>(kShape, 1);
  const LabelMap labels = labels_in_turn();
  const std::vector<double> weights{0.5, 1, 4};
  auto d = Tensor<double>::uninitialized(kShape);
  double expected = 0;
  for (int n = 0; n < kShape.n; ++n) {
    for (int y = 0; y < kShape.h; ++y) {
      for (int x = 0; x < kShape.w; ++x) {
        const std::size_t label = labels.at(n, y, x);
        expected +=
            weights[label] * SegmentationReference::cross_entropy(pixel(logits, n, y, x), label);
      }
    }
  }
  CHECK(softmax_cross_entropy(logits, labels, weights, d) ==
        Approx(expected).epsilon(1e-13));  // measured 1.8e-15
  for (int k = 0; k < kShape.c; ++k) {     // the last pixel, in the third strip
    const auto p = SegmentationReference::softmax(pixel(logits, 1, 24, 40));
    const std::size_t label = labels.at(1, 24, 40);
    const auto index = static_cast<std::size_t>(k);
    CHECK(d(1, k, 24, 40) == Approx(weights[label] * (p[index] - (label == index ? 1 : 0)))
                                 .epsilon(1e-14));  // measured 0
  }
}

TEST_CASE("Class overlap counts by hand", "[kernels]") {
  const auto p =
      Tensor<double>::from_host({1, 2, 1, 3}, std::vector<double>{.9, .2, .5, .1, .8, .5});
  LabelMap labels(1, 1, 3);
  labels.at(0, 0, 1) = 1;
  const auto overlap = class_overlap(p, labels);
  const auto approx = Approx::custom().epsilon(1e-15);  // measured 0
  CHECK(overlap[0].common == approx(1.4));
  CHECK(overlap[0].predicted == approx(1.6));
  CHECK(overlap[0].labelled == 2);
  CHECK(overlap[1].common == approx(0.8));
  CHECK(overlap[1].predicted == approx(1.4));
  CHECK(overlap[1].labelled == 1);
}

}  // namespace
}  // namespace asyndgan::kernels
