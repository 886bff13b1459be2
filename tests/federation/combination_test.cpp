// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/combination.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "support/adam_gradients.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

double median(std::vector<Vote> votes) { return weighted_median(votes); }

TEST_CASE("The weighted median halves the weight", "[federation]") {
  CHECK(median({{5, 1}}) == 5);
  CHECK(median({{5, 1}, {1, 1}}) == 3);
  CHECK(median({{5, 1}, {1e30, 1}, {4, 1}}) == 5);
  CHECK(median({{1, 0.1}, {2, 0.1}, {3, 0.8}}) == 3);
  CHECK(median({{1, 0.5}, {2, 0.25}, {4, 0.25}}) == 1.5);
  const double third = 1.0 / 3;
  CHECK(median({{7, third}, {-1e30, third}, {8, third}}) == 7);
  CHECK(median({{1, third}, {3, third / 2}, {2, third / 2}, {4, third}}) == 2.5);
}

/// A contribution of the fixture's generator.
struct Part {
  explicit Part(Tensor<double> gradient) : d_fake(std::move(gradient)) {}
  test::Federation<double>::G::Saved saved;
  Tensor<double> d_fake;
};

std::vector<double> step_with(const std::vector<Tensor<double>>& d_fakes, Combination combination,
                              const std::vector<double>& weights = {}) {
  using F = test::Federation<double>;
  const auto options = F::defaults();
  auto generator = F::generator(options);
  State<double> state;
  generator.collect("", state);
  optim::Adam<double> optimizer(state, {});
  std::vector<Part> parts;
  parts.reserve(d_fakes.size());
  for (const auto& d_fake : d_fakes)
    parts.emplace_back(Tensor<double>::from_host(d_fake.shape(), d_fake.to_host()));
  std::vector<Contribution<F::G>> contributions;
  for (auto& part : parts) {
    (void)generate(generator,
                   options.central.input.make<double>(LabelMap(2, F::kSide, F::kSide), {}),
                   part.saved, {});
    const double weight =
        weights.empty() ? 1.0 / static_cast<double>(parts.size()) : weights[contributions.size()];
    contributions.push_back({weight, std::move(part.d_fake), &part.saved});
  }
  test::AdamGradients<double> taken(optimizer);
  update_generator(generator, optimizer, std::move(contributions), 1, combination);
  std::vector<double> gradients;
  for (const auto& [name, values] : taken.next()) {
    gradients.insert(gradients.end(), values.values().begin(), values.values().end());
  }
  return gradients;
}

Tensor<double> ramp(double scale) {
  constexpr int kSide = test::Federation<double>::kSide;
  Tensor<double> values({2, 1, kSide, kSide});
  double x = 0;
  for (double& value : values.values()) {
    x += 0.37;
    value = scale * (x - 1e-3 * x * x);
  }
  return values;
}

TEST_CASE("A hostile minority moves the mean and not the median", "[federation]") {
  const auto honest = step_with({ramp(1), ramp(1)}, Combination::mean);
  const auto median = step_with({ramp(1), ramp(-1e6), ramp(1)}, Combination::median);
  const auto mean = step_with({ramp(1), ramp(-1e6), ramp(1)}, Combination::mean);
  double largest = 0;
  double moved = 0;
  for (std::size_t i = 0; i < honest.size(); ++i) {
    CHECK(median[i] == Approx(honest[i]).epsilon(1e-14).margin(1e-15));  // measured 0
    largest = std::max(largest, std::abs(honest[i]));
    moved = std::max(moved, std::abs(mean[i] - honest[i]));
  }
  CHECK(largest > 0);
  CHECK(moved > 1e4 * largest);
}

TEST_CASE("Gradients that the generator's weights cannot hold leave them as they are",
          "[federation]") {
  const auto huge = std::numeric_limits<double>::max() / 2;
  CHECK_THROWS_WITH(step_with({ramp(1), ramp(huge)}, Combination::mean),
                    Catch::Contains("overflow in the generator"));
  // The median does not count them.
  const auto median = step_with({ramp(1), ramp(huge), ramp(1)}, Combination::median);
  CHECK(std::all_of(median.begin(), median.end(), [](double v) { return std::isfinite(v); }));
}

TEST_CASE("Whose weight is 0 has no vote", "[federation]") {
  const std::vector<double> weights{0.5, 0, 0.5};
  for (const auto combination : {Combination::mean, Combination::median}) {
    const auto without = step_with({ramp(1), ramp(4)}, combination);
    const auto with = step_with({ramp(1), ramp(-9), ramp(4)}, combination, weights);
    CHECK(with == without);
  }
}

TEST_CASE("The median of equals is their mean", "[federation]") {
  const auto mean = step_with({ramp(2), ramp(2), ramp(2), ramp(2)}, Combination::mean);
  const auto median = step_with({ramp(2), ramp(2), ramp(2), ramp(2)}, Combination::median);
  for (std::size_t i = 0; i < mean.size(); ++i) {
    CHECK(median[i] == Approx(mean[i]).epsilon(1e-14).margin(1e-15));  // measured 0
  }
}

}  // namespace
}  // namespace asyndgan::federation
