// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/losses/segmentation.hpp"

#include <cmath>

#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::losses {
namespace {

using Values = std::vector<double>;

LabelMap random_labels(int n, int h, int w, int classes, std::uint64_t seed) {
  LabelMap labels(n, h, w);
  random::Sequence numbers({.seed = seed});
  for (auto& label : labels.labels) {
    label = static_cast<std::uint8_t>(numbers.below(static_cast<std::uint32_t>(classes)));
  }
  return labels;
}

/// Two pixels side by side: logits (z0, z1) of the first and of the second, labels 1 and 0.
/// Probabilities of class 1 are 3/4 and 1/5.
const double kLog3 = std::log(3.0);
const double kLog4 = std::log(4.0);
Tensor<double> two_pixels() {
  return Tensor<double>::from_host({1, 2, 1, 2}, Values{1, 2 + kLog4, 1 + kLog3, 2});
}
LabelMap one_zero() {
  LabelMap labels(1, 1, 2);
  labels.at(0, 0, 0) = 1;
  return labels;
}

TEST_CASE("Cross-entropy of two pixels, plain and weighted", "[losses]") {
  const double first = -std::log(0.75);
  const double second = -std::log(0.8);
  const auto approx = Approx::custom().epsilon(1e-14);  // measured at most 3e-16
  const auto plain = cross_entropy(two_pixels(), one_zero());
  CHECK(plain.value == approx((first + second) / 2));
  CHECK(plain.gradient(0, 0, 0, 0) == approx(0.25 / 2));
  CHECK(plain.gradient(0, 1, 0, 0) == approx(-0.25 / 2));
  CHECK(plain.gradient(0, 0, 0, 1) == approx(-0.2 / 2));
  const auto weighted = cross_entropy(two_pixels(), one_zero(), {.class_weights = {1, 3}});
  CHECK(weighted.value == approx((3 * first + second) / 4));
}

TEST_CASE("Soft Dice and Tversky of two pixels", "[losses]") {
  const auto approx = Approx::custom().epsilon(1e-14);  // measured 0
  // Class 1: TP 0.75, FP 0.2, FN 0.25. Class 0: TP 0.8, FP 0.25, FN 0.2.
  const double dice1 = (2 * 0.75 + 1) / (2 * 0.75 + 0.2 + 0.25 + 1);
  const double dice0 = (2 * 0.8 + 1) / (2 * 0.8 + 0.25 + 0.2 + 1);
  CHECK(soft_dice(two_pixels(), one_zero()).value == approx(1 - dice1));
  CHECK(soft_dice(two_pixels(), one_zero(), {.background = true}).value ==
        approx(1 - (dice0 + dice1) / 2));
  const double index = (0.75 + 1) / (0.75 + 0.3 * 0.2 + 0.7 * 0.25 + 1);
  CHECK(tversky(two_pixels(), one_zero()).value == approx(1 - index));
}

TEST_CASE("Segmentation losses of logits of +-100 are finite and exact", "[losses]") {
  auto logits = Tensor<float>({1, 2, 1, 2});
  logits(0, 0, 0, 0) = 100;  // class 0 is certain at both pixels, the label is 1 at the first
  logits(0, 1, 0, 0) = -100;
  logits(0, 0, 0, 1) = 100;
  logits(0, 1, 0, 1) = -100;
  const auto entropy = cross_entropy(logits, one_zero());
  CHECK(entropy.value == 100);  // 200 at the first pixel, 0 at the second
  CHECK(entropy.gradient(0, 1, 0, 0) == -0.5F);
  CHECK(entropy.gradient(0, 1, 0, 1) == 0);
  const auto dice = soft_dice(logits, one_zero());
  CHECK(dice.value == 1 - 1.0 / (0 + 0 + 1 + 1));
  for (const float value : dice.gradient.values()) CHECK(std::isfinite(value));
}

TEST_CASE("A perfect segmentation costs next to nothing", "[losses]") {
  const LabelMap labels = random_labels(2, 7, 5, 3, 1);
  Tensor<double> logits({2, 3, 7, 5});
  for (int n = 0; n < 2; ++n) {
    for (int y = 0; y < 7; ++y) {
      for (int x = 0; x < 5; ++x) logits(n, labels.at(n, y, x), y, x) = 50;
    }
  }
  CHECK(cross_entropy(logits, labels).value < 1e-20);  // measured 0, as the next two
  CHECK(std::abs(soft_dice(logits, labels).value) < 1e-15);
  CHECK(std::abs(tversky(logits, labels).value) < 1e-15);
}

TEST_CASE("Gradients of segmentation losses match central differences", "[losses]") {
  const LabelMap labels = random_labels(2, 7, 5, 4, 1);
  auto logits = test::uniform<double>({2, 4, 7, 5}, 2);
  const auto error = [&](auto loss) {
    return test::relative_error(
        loss().gradient,
        test::central_difference([&] { return loss().value; }, logits, /*step=*/1e-4));
  };
  CHECK(error([&] { return cross_entropy(logits, labels); }) < 1e-8);  // measured 2.7e-10
  CHECK(error([&] {
          return cross_entropy(logits, labels, {.class_weights = {0.5, 1, 2, 3}});
        }) < 1e-8);                                                // measured 2.5e-10
  CHECK(error([&] { return soft_dice(logits, labels); }) < 1e-8);  // measured 8.9e-10
  CHECK(error([&] { return tversky(logits, labels); }) < 1e-8);    // measured 8.3e-10
  CHECK(error([&] { return soft_dice(logits, labels, {.background = true}); }) <
        1e-8);  // measured 8.7e-10
}

TEST_CASE("Losses of one tensor add up", "[losses]") {
  const LabelMap labels = random_labels(1, 3, 3, 2, 1);
  const auto logits = test::uniform<double>({1, 2, 3, 3}, 2);
  const auto a = cross_entropy(logits, labels);
  const auto b = soft_dice(logits, labels);
  const auto both = add(a, 0.5, b);
  CHECK(both.value == a.value + 0.5 * b.value);
  CHECK(
      both.gradient(0, 1, 2, 0) ==
      Approx(a.gradient(0, 1, 2, 0) + 0.5 * b.gradient(0, 1, 2, 0)).epsilon(1e-15));  // measured 0
}

TEST_CASE("Labels that do not fit the logits are refused", "[losses]") {
  const Tensor<float> logits({1, 2, 3, 4});
  CHECK_THROWS_WITH(cross_entropy(logits, LabelMap(1, 4, 4)),
                    "cross_entropy: one-hot of the labels has shape (1, 2, 4, 4), expected "
                    "(1, 2, 3, 4)");
  LabelMap labels(1, 3, 4);
  labels.at(0, 2, 2) = 2;
  CHECK_THROWS_WITH(soft_dice(logits, labels), "tversky: label 2 with 2 classes");
  CHECK_THROWS_WITH(cross_entropy(logits, LabelMap(1, 3, 4), {.class_weights = {1, 2, 3}}),
                    "cross_entropy: 3 class weights for 2 classes");
  CHECK_THROWS_AS(tversky(Tensor<float>({1, 1, 3, 4}), LabelMap(1, 3, 4)), ContractViolation);
}

TEST_CASE("Segmentation losses are the same on any number of threads", "[losses]") {
  const LabelMap labels = random_labels(3, 37, 31, 4, 1);
  const auto logits = test::uniform<float>({3, 4, 37, 31}, 2);
  CHECK(test::same_on_any_thread_count([&] {
    const auto loss = add(cross_entropy(logits, labels), 1, tversky(logits, labels));
    return std::pair(loss.value, loss.gradient.to_host());
  }));
}

}  // namespace
}  // namespace asyndgan::losses
