// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "asyndgan/layers/batch_norm2d.hpp"
#include "asyndgan/layers/conv2d.hpp"
#include "asyndgan/losses/feature_statistics.hpp"
#include "asyndgan/optim/adam.hpp"
#include "asyndgan/optim/schedule.hpp"
#include "asyndgan/optim/weight_average.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"

namespace asyndgan {
namespace {

namespace golden = test::golden;

template <class T>
constexpr double kAllowed = sizeof(T) == 8 ? 1e-9 : 1e-4;

constexpr int kRegions = 4;
constexpr int kImages = 3;
const Shape kFeatureMaps[] = {{kImages, 3, 7, 5}, {kImages, 2, 3, 4}};

/// record_training.regions() before it goes to the size of a feature map.
LabelMap labels_of(const std::string& name, const std::vector<std::uint8_t>& caps) {
  const golden::Numbers numbers(name);
  LabelMap labels(kImages, 15, 11);
  for (std::size_t i = 0; i < labels.labels.size(); ++i) {
    const auto label = static_cast<std::uint8_t>((numbers(i) + 1) * 2);
    labels.labels[i] = std::min(label, caps[i / labels.plane()]);
  }
  return labels;
}

// Measured in double and float: 9e-16, 2e-7.
TEMPLATE_TEST_CASE("Feature statistics equal PyTorch's, averages, loss and gradients",
                   "[integration]", double, float) {
  using T = TestType;
  const golden::Recording recording("training");
  losses::RunningStatistics<T> site(
      {.channels = {3, 2}, .regions = kRegions, .decay = 0.9, .minimum_images = 3});
  const std::vector<std::vector<std::uint8_t>> real_caps{{3, 2, 2}, {1, 2, 2}};
  const auto features = [](const std::string& name, const std::string& end, double offset) {
    const auto map = [&](std::size_t m) {
      return golden::tensor<T>(name + std::to_string(m) + end, kFeatureMaps[m], 1, offset);
    };
    return std::vector<Tensor<T>>{map(0), map(1)};
  };
  for (int batch = 0; batch < 2; ++batch) {
    const std::string number = std::to_string(batch);
    const auto maps = features("features.real.", "." + number, 0.25);
    site.update(
        std::vector<const Tensor<T>*>{&maps[0], &maps[1]},
        labels_of("features.real_labels." + number, real_caps[static_cast<std::size_t>(batch)]));
  }
  State<T> averages;
  site.collect("features", averages);
  REQUIRE(averages.buffers.size() == 6);
  for (const auto& [name, buffer] : averages.buffers) {
    CAPTURE(name);
    CHECK(recording.error(name, *buffer) < kAllowed<T>);
  }

  const auto fakes = features("features.fake.", "", 0);
  const auto loss = losses::feature_statistics(
      site, std::vector<const Tensor<T>*>{&fakes[0], &fakes[1]},
      labels_of("features.fake_labels", {1, 3, 2}), {.mean = 0.7, .second_moment = 1.3});
  const double expected = recording.number("features.value");
  CHECK(std::abs(loss.value - expected) < kAllowed<T> * expected);
  REQUIRE(loss.gradients.size() == 2);
  CHECK(recording.error("features.0.gradient", loss.gradients[0]) < kAllowed<T>);
  CHECK(recording.error("features.1.gradient", loss.gradients[1]) < kAllowed<T>);
}

// Measured in double and float: weights 0, 2e-7; factors 3e-17.
TEMPLATE_TEST_CASE("Adam under the constant, then linear rate equals PyTorch's with LambdaLR",
                   "[integration]", double, float) {
  using T = TestType;
  const golden::Recording recording("training");
  const auto factors = recording.file().values<double>("schedule.factors");
  const optim::ConstantThenLinear schedule{.constant = 3, .decay = 4};
  Parameter<T> weight({3, 2, 3, 3});
  weight.value = golden::tensor<T>("schedule.weight", weight.value.shape());
  State<T> state;
  state.parameters.push_back({"w", &weight});
  optim::Adam<T> adam(state, {});
  for (std::size_t step = 0; step < 9; ++step) {
    const double factor = schedule.factor(static_cast<std::int64_t>(step));
    CHECK(std::abs(factor - factors.at(step)) < 1e-15);
    const std::string number = std::to_string(step);
    weight.grad = golden::tensor<T>("schedule.gradient." + number, weight.value.shape());
    adam.step(factor);
    CHECK(recording.error("schedule.weight." + number, weight.value) < kAllowed<T>);
  }
}

// Measured in double and float: 4e-16, 3e-7.
TEMPLATE_TEST_CASE("The average of weights and running statistics equals PyTorch's AveragedModel",
                   "[integration]", double, float) {
  using T = TestType;
  const golden::Recording recording("training");
  layers::Conv2d<T> conv(
      {.in_channels = 2, .out_channels = 3, .kernel = 3, .stride = 1, .padding = 0, .bias = false});
  layers::BatchNorm2d<T> norm({.channels = 3});
  State<T> state;
  conv.collect("average.net.0", state);
  norm.collect("average.net.1", state);
  golden::fill(state);
  optim::WeightAverage<T> average(state, 0.3);
  optim::Adam<T> adam(state, {.learning_rate = 1e-2});
  for (int step = 0; step < 8; ++step) {
    const std::string number = std::to_string(step);
    adam.zero_gradients();
    typename layers::Conv2d<T>::Saved saved_conv;
    typename layers::BatchNorm2d<T>::Saved saved_norm;
    const auto y = norm.forward(
        conv.forward(golden::tensor<T>("average.input." + number, {2, 2, 7, 6}), saved_conv),
        saved_norm);
    const auto d_y = golden::tensor<T>("average.d_output." + number, y.shape());
    (void)conv.backward(norm.backward(d_y, saved_norm), saved_conv);
    adam.step();
    average.update();
  }
  const auto check = [&](const std::string& start) {
    const std::string own = "average.net.";
    for (const auto& [name, parameter] : state.parameters) {
      CAPTURE(name);
      CHECK(recording.error(start + name.substr(own.size()), parameter->value) < kAllowed<T>);
    }
    for (const auto& [name, buffer] : state.buffers) {
      CAPTURE(name);
      CHECK(recording.error(start + name.substr(own.size()), *buffer) < kAllowed<T>);
    }
  };
  check("average.net.after.");
  const optim::AveragedScope scope(average);
  check("average.after.");
}

}  // namespace
}  // namespace asyndgan
