// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "support/catch.hpp"
#include "support/federation.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::federation {
namespace {

using Net = networks::PatchDiscriminator<double>;
using Condition = modality::Condition<double>;

constexpr int kMapSide = 13;  // odd
constexpr int kMapClasses = 3;

/// One critic that has seen `batches` batches of four real images.
Critics<Net> critics_after(int batches, const Objective<double>& objective) {
  Critics<Net> critics;
  Net network({.in_channels = kMapClasses + 1, .base_channels = 4, .layers = 1});
  State<double> state;
  network.collect("", state);
  layers::initialize(state, {}, {.seed = 2});
  critics.emplace_back(std::vector<int>{0}, std::move(network), optim::Adam<double>::Options{});
  critics.back().keep_statistics({.regions = kMapClasses, .minimum_images = 8}, kMapSide, kMapSide);
  for (int batch = 0; batch < batches; ++batch) {
    const auto real = data::phantom({.count = 4,
                                     .height = kMapSide,
                                     .width = kMapSide,
                                     .classes = kMapClasses,
                                     .seed = static_cast<std::uint64_t>(batch)});
    const auto condition = Condition::one_hot(real.labels, kMapClasses);
    const auto images = Tensor<double>::from_host(
        real.images.shape(),
        std::vector<double>(real.images.values().begin(), real.images.values().end()));
    const Tensor<double> fake(images.shape());
    update_discriminator(critics, condition, privacy::Private(images), condition, fake, objective,
                         layers::Pass{});
  }
  return critics;
}

// Central differences of step 1e-6 on all 338 pixels; measured 2e-9.
TEST_CASE("The gradient of the objective with its statistics is its derivative", "[federation]") {
  Objective<double> objective;
  objective.adversarial = 0.5;
  objective.feature_statistics = {.weight = 3};
  auto critics = critics_after(5, objective);
  const auto condition = Condition::one_hot(
      data::phantom(
          {.count = 2, .height = kMapSide, .width = kMapSide, .classes = kMapClasses, .seed = 77})
          .labels,
      kMapClasses);
  auto fake = test::uniform<double>({2, 1, kMapSide, kMapSide}, 5);
  const auto judge = [&] {
    return generator_gradient(critics, condition, fake, objective, layers::Pass{});
  };
  const auto judgement = judge();
  CHECK(judgement.gradient.reveals == privacy::Reveals::site_statistics);

  double worst = 0;
  double largest = 0;
  for (std::size_t i = 0; i < fake.size(); ++i) {
    constexpr double kStep = 1e-6;
    const double value = fake.data()[i];
    fake.data()[i] = value + kStep;
    const double up = judge().loss;
    fake.data()[i] = value - kStep;
    const double down = judge().loss;
    fake.data()[i] = value;
    const double expected = (up - down) / (2 * kStep);
    worst = std::max(worst, std::abs(expected - judgement.gradient.d_fake.data()[i]));
    largest = std::max(largest, std::abs(expected));
  }
  CHECK(worst / largest < 1e-7);

  Objective<double> without = objective;
  without.feature_statistics.reset();
  auto plain = critics_after(5, objective);
  plain.front().statistics.reset();
  const auto adversarial =
      generator_gradient(plain, condition, fake, without, layers::Pass{}).gradient.d_fake;
  CHECK(test::relative_error(judgement.gradient.d_fake, adversarial) > 0.01);
}

TEST_CASE("Statistics say nothing before enough real images are behind them", "[federation]") {
  Objective<double> objective;
  objective.feature_statistics = {.weight = 3};
  auto critics = critics_after(1, objective);  // four images of the eight
  auto plain = critics_after(1, objective);
  plain.front().statistics.reset();
  const auto condition = Condition::one_hot(LabelMap(1, kMapSide, kMapSide), kMapClasses);
  const auto fake = test::uniform<double>({1, 1, kMapSide, kMapSide}, 5);
  const auto with = generator_gradient(critics, condition, fake, objective, layers::Pass{});
  const auto without =
      generator_gradient(plain, condition, fake, Objective<double>(), layers::Pass{});
  CHECK(with.loss == without.loss);
  CHECK(test::relative_error(with.gradient.d_fake, without.gradient.d_fake) == 0);
}

TEST_CASE("A site's policy can keep statistics out of its gradients", "[federation]") {
  using Float = test::Federation<float>;
  auto options = Float::defaults();
  options.site.objective.feature_statistics = {.weight = 1, .minimum_images = 2};
  options.site.policy.minimum_batch = 2;
  Float allowed(options);
  allowed.run();
  CHECK(allowed.central.step() == 3);

  options.site.policy.allow_site_statistics = false;
  Float refused(options);
  CHECK_THROWS_WITH(refused.run(), Catch::Contains("\"allow_site_statistics\" is false"));

  options.site.policy = {.minimum_batch = 100};
  CHECK_THROWS_WITH(Float(options), Catch::Contains("never rest on 100 images"));

  options.site.policy = {.minimum_batch = 7};  // the site has six
  Float few(options);
  CHECK_THROWS_WITH(few.run(), Catch::Contains("over 6 samples, the policy's minimum is 7"));
}

}  // namespace
}  // namespace asyndgan::federation
