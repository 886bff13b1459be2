// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/layers/dropout.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::layers {
namespace {

const Pass kPass{.key = {.seed = 7, .site = 2, .step = 11}};

Tensor<float> ones(const Shape& shape) {
  Tensor<float> x(shape);
  std::fill(x.values().begin(), x.values().end(), 1.0F);
  return x;
}

std::vector<float> dropped(const Dropout<float>& layer, const Pass& pass, const Shape& shape) {
  Dropout<float>::Saved saved;
  return layer.forward(ones(shape), saved, pass).to_host();
}

TEST_CASE("Dropout zeroes the share it is asked for and scales the rest", "[layers]") {
  const Shape shape{3, 5, 61, 67};
  for (const double probability : {0.1, 0.5, 0.9}) {
    const auto y = dropped(Dropout<float>({.probability = probability}), kPass, shape);
    const auto zeros = static_cast<double>(std::count(y.begin(), y.end(), 0.0F));
    const auto size = static_cast<double>(y.size());
    // 4 standard deviations of a binomial share; measured at most 0.7 of one.
    CHECK(std::abs(zeros / size - probability) <
          4 * std::sqrt(probability * (1 - probability) / size));
    const float kept = *std::max_element(y.begin(), y.end());
    CHECK(kept == Approx(1 / (1 - probability)).epsilon(1e-6));  // measured 5e-8
    CHECK(static_cast<double>(std::count(y.begin(), y.end(), kept)) == size - zeros);
  }
}

TEST_CASE("Dropout is decided by key, layer index and element alone", "[layers]") {
  const Shape shape{1, 2, 61, 67};
  const Dropout<float> layer({});
  const auto y = dropped(layer, kPass, shape);
  CHECK(dropped(layer, kPass, shape) == y);
  // A larger tensor starts with the same decisions.
  const auto longer = dropped(layer, kPass, {2, 2, 61, 67});
  CHECK(std::equal(y.begin(), y.end(), longer.begin()));

  const auto disagreement = [&](const std::vector<float>& other) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < y.size(); ++i) count += y[i] != other[i] ? 1 : 0;
    return static_cast<double>(count) / static_cast<double>(y.size());
  };
  Pass next = kPass;
  next.key.step = 12;
  // 4 standard deviations of a binomial share are 0.022; measured 0.0053 and 0.0036.
  CHECK(std::abs(disagreement(dropped(layer, next, shape)) - 0.5) < 0.022);
  CHECK(std::abs(disagreement(dropped(Dropout<float>({.index = 1}), kPass, shape)) - 0.5) < 0.022);
}

TEST_CASE("Dropout follows Pass::dropout, in training and in evaluation", "[layers]") {
  const Dropout<float> layer({});
  const Shape shape{1, 1, 7, 5};
  CHECK(dropped(layer, Pass::evaluation(), shape) == ones(shape).to_host());
  CHECK(dropped(layer, {.training = false, .dropout = true}, shape) != ones(shape).to_host());

  Dropout<float>::Saved saved;
  (void)layer.forward(ones(shape), saved, kPass);
  (void)layer.forward(ones(shape), saved, Pass::evaluation());  // saved is used again
  CHECK(layer.backward(ones(shape), saved).to_host() == ones(shape).to_host());
}

TEST_CASE("Dropout's gradient matches central differences", "[layers]") {
  Dropout<double> layer({.probability = 0.3, .index = 2});
  const auto input = test::uniform<double>({2, 3, 7, 5}, 1);
  CHECK(test::gradient_error(layer, input, kPass) < 1e-9);  // measured 1.2e-10
}

TEST_CASE("Dropout refuses a probability of 1 and a gradient of another shape", "[layers]") {
  CHECK_THROWS_WITH(Dropout<float>({.probability = 1}),
                    "Dropout: probability 1.000000, index 0; expected [0, 1) and at least 0");
  const Dropout<float> layer({});
  Dropout<float>::Saved saved;
  (void)layer.forward(ones({1, 1, 2, 2}), saved, kPass);
  CHECK_THROWS_WITH(layer.backward(ones({1, 1, 2, 3}), saved),
                    "Dropout: d_output has shape (1, 1, 2, 3), expected (1, 1, 2, 2)");
}

TEST_CASE("Dropout is the same on any number of threads", "[layers]") {
  const Dropout<float> layer({});
  CHECK(test::same_on_any_thread_count([&] {
    return test::everything_of_a_pass(layer, {3, 5, 61, 67}, kPass);
  }));
}

}  // namespace
}  // namespace asyndgan::layers
