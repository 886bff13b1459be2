// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>

#include "asyndgan/losses/adversarial.hpp"
#include "asyndgan/losses/l1.hpp"
#include "asyndgan/losses/masked_l1.hpp"
#include "asyndgan/losses/perceptual.hpp"
#include "asyndgan/losses/segmentation.hpp"
#include "asyndgan/networks/vgg16_features.hpp"
#include "asyndgan/optim/adam.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"

namespace asyndgan::losses {
namespace {

namespace golden = test::golden;

template <class T>
constexpr double kAllowed = sizeof(T) == 8 ? 1e-9 : 1e-4;

/// The larger of the errors of value and gradient.
template <class T>
double error(const golden::Recording& recording, const std::string& name, const Loss<T>& loss) {
  const double expected = recording.number(name + ".value");
  return std::max(std::abs(loss.value - expected) / std::abs(expected),
                  recording.error(name + ".gradient", loss.gradient));
}

// Measured in double and float: 4e-16, 2e-7.
TEMPLATE_TEST_CASE("The adversarial losses equal PyTorch's", "[integration]", double, float) {
  const golden::Recording recording("losses");
  const auto logits = golden::tensor<TestType>("adversarial.logits", {2, 1, 3, 5}, 4);
  const auto check = [&]<class Gan>(const std::string& name, Gan) {
    CAPTURE(name);
    CHECK(error(recording, name + ".real", Gan::real(logits)) < kAllowed<TestType>);
    CHECK(error(recording, name + ".fake", Gan::fake(logits)) < kAllowed<TestType>);
    CHECK(error(recording, name + ".generator", Gan::generator(logits)) < kAllowed<TestType>);
  };
  check("vanilla", VanillaGan());
  check("least_squares", Lsgan());
  check("hinge", HingeGan());
}

// Measured in double and float: 1e-15, 3e-7.
TEMPLATE_TEST_CASE("The paired losses equal PyTorch's", "[integration]", double, float) {
  const golden::Recording recording("losses");
  const Shape shape{2, 3, 16, 11};
  const auto image = golden::tensor<TestType>("paired.image", shape);
  const auto target = golden::tensor<TestType>("paired.target", shape);
  auto mask = golden::tensor<TestType>("paired.mask", {2, 1, 16, 11});
  for (TestType& value : mask.values()) value = value > 0 ? 1 : 0;
  CHECK(error(recording, "l1", l1(image, target)) < kAllowed<TestType>);
  CHECK(error(recording, "masked_l1", masked_l1(image, target, mask)) < kAllowed<TestType>);

  networks::Vgg16Features<TestType> vgg({.base_channels = 1});
  State<TestType> state;
  vgg.collect("paired.vgg", state);
  golden::fill(state);
  CHECK(error(recording, "perceptual", perceptual(vgg, image, target)) < kAllowed<TestType>);
  const auto grey = golden::tensor<TestType>("paired.grey", {2, 1, 9, 8});
  const auto grey_target = golden::tensor<TestType>("paired.grey_target", {2, 1, 9, 8});
  CHECK(error(recording, "perceptual_grey", perceptual(vgg, grey, grey_target)) <
        kAllowed<TestType>);
}

// Measured in double and float: 6e-16, 3e-7.
TEMPLATE_TEST_CASE("The segmentation losses equal PyTorch's", "[integration]", double, float) {
  const golden::Recording recording("losses");
  const auto logits = golden::tensor<TestType>("segmentation.logits", {2, 4, 7, 5}, 3);
  const golden::Numbers numbers("segmentation.labels");
  LabelMap labels(2, 7, 5);
  for (std::size_t i = 0; i < labels.labels.size(); ++i) {
    labels.labels[i] = static_cast<std::uint8_t>((numbers(i) + 1) * 2);
  }
  const auto check = [&](const std::string& name, const Loss<TestType>& loss) {
    CAPTURE(name);
    CHECK(error(recording, name, loss) < kAllowed<TestType>);
  };
  check("cross_entropy", cross_entropy(logits, labels));
  check("cross_entropy.weighted", cross_entropy(logits, labels, {.class_weights = {0.5, 1, 2, 3}}));
  const TverskyOptions options{
      .false_positives = 0.3, .false_negatives = 0.7, .smooth = 1, .background = false};
  check("tversky", tversky(logits, labels, options));
  TverskyOptions with_background = options;
  with_background.background = true;
  check("tversky.background", tversky(logits, labels, with_background));
  check("soft_dice", soft_dice(logits, labels));
}

// Measured in double and float: 3e-16, 2e-7.
TEMPLATE_TEST_CASE("Adam equals PyTorch's over five steps", "[integration]", double, float) {
  const golden::Recording recording("losses");
  const Shape shape{3, 2, 3, 3};
  const auto check = [&](const std::string& name, double decay, bool decoupled) {
    CAPTURE(name);
    Parameter<TestType> weight(shape);
    weight.value = golden::tensor<TestType>("adam.weight", shape);
    State<TestType> state;
    state.parameters.push_back({"w", &weight});
    optim::Adam<TestType> adam(state, {.weight_decay = decay, .decoupled = decoupled});
    for (int i = 0; i < 5; ++i) {
      weight.grad = golden::tensor<TestType>("adam.gradient." + std::to_string(i), shape);
      adam.step();
    }
    State<TestType> records;
    adam.collect("", records);
    const std::string start = "adam." + name + ".";
    CHECK(recording.error(start + "weight", weight.value) < kAllowed<TestType>);
    CHECK(recording.error(start + "exp_avg", *records.buffers.at(0).tensor) < kAllowed<TestType>);
    CHECK(recording.error(start + "exp_avg_sq", *records.buffers.at(1).tensor) <
          kAllowed<TestType>);
  };
  check("plain", 0, false);
  check("in_gradient", 5e-2, false);
  check("decoupled", 5e-2, true);
}

}  // namespace
}  // namespace asyndgan::losses
