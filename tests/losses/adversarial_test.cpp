// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/losses/adversarial.hpp"

#include <cmath>
#include <limits>

#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/patch_discriminator.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::losses {
namespace {

using Values = std::vector<double>;

Tensor<double> logits(const Values& values) {
  return Tensor<double>::from_host({1, 1, 1, static_cast<int>(values.size())}, values);
}

// Nine decimals are given, of which rounding leaves half a unit: 4.9e-10 measured, 5e-10 allowed.
TEST_CASE("The vanilla loss of single logits, target real and fake", "[losses]") {
  struct Row {
    double logit;
    double real;
    double fake;
  };
  const auto approx = Approx::custom().margin(5e-10).epsilon(0);
  for (const Row& row : {Row{0, .693147181, .693147181}, Row{0.5, .474076984, .974076984},
                         Row{1, .313261688, 1.313261688}, Row{-1, 1.313261688, .313261688},
                         Row{2, .126928011, 2.126928011}, Row{5, .006715348, 5.006715348},
                         Row{-100, 100, 0}, Row{100, 0, 100}}) {
    CAPTURE(row.logit);
    CHECK(VanillaGan::real(logits({row.logit})).value == approx(row.real));
    CHECK(VanillaGan::fake(logits({row.logit})).value == approx(row.fake));
    CHECK(VanillaGan::generator(logits({row.logit})).value == approx(row.real));
  }
  CHECK(VanillaGan::real(logits({0})).gradient(0, 0, 0, 0) == -0.5);
  CHECK(VanillaGan::fake(logits({0})).gradient(0, 0, 0, 0) == 0.5);
  CHECK(VanillaGan::real(logits({2})).gradient(0, 0, 0, 0) == approx(-.119202922));
  CHECK(VanillaGan::fake(logits({2})).gradient(0, 0, 0, 0) == approx(.880797078));
}

// Nine decimals again: 3.3e-10 measured.
TEST_CASE("A map of logits costs the mean", "[losses]") {
  const auto map = logits({0, 1, -2, 3});
  const auto approx = Approx::custom().margin(5e-10).epsilon(0);
  CHECK(VanillaGan::real(map).value == approx(.795481058));
  CHECK(VanillaGan::fake(map).value == approx(1.295481058));
}

// Its logits are near 0: it calls everything real and fake with even odds. A norm would scale them
// up to about 1.
TEST_CASE("An untrained discriminator costs about ln 2", "[losses]") {
  networks::PatchDiscriminator<float> network({.in_channels = 2, .norm = networks::NormKind::none});
  State<float> state;
  network.collect("", state);
  layers::initialize(state, {}, {.seed = 1});
  networks::PatchDiscriminator<float>::Saved saved;
  const auto map = network.forward(test::uniform<float>({1, 2, 70, 78}, 1), saved);
  CHECK(std::abs(VanillaGan::real(map).value - std::log(2)) < 1e-3);  // 6e-5 measured
  CHECK(std::abs(VanillaGan::fake(map).value - std::log(2)) < 1e-3);  // 1.1e-4 measured
  for (const float logit : map.values()) CHECK(logit != 0);
}

TEST_CASE("Least squares of one logit", "[losses]") {
  const auto approx = Approx::custom().epsilon(1e-15);  // measured at most 1.2e-16
  CHECK(Lsgan::real(logits({0.3})).value == approx(.49));
  CHECK(Lsgan::fake(logits({0.3})).value == approx(.09));
  CHECK(Lsgan::generator(logits({0.3})).value == approx(.49));
}

TEST_CASE("The hinge is flat beyond its margin and G's part has none", "[losses]") {
  CHECK(HingeGan::real(logits({1.5})).value == 0);
  CHECK(HingeGan::real(logits({1.5})).gradient(0, 0, 0, 0) == 0);
  CHECK(HingeGan::real(logits({0.25})).value == 0.75);
  CHECK(HingeGan::fake(logits({-1.5})).value == 0);
  CHECK(HingeGan::fake(logits({0.25})).value == 1.25);
  CHECK(HingeGan::generator(logits({2.5})).value == -2.5);
  CHECK(HingeGan::generator(logits({2.5})).gradient(0, 0, 0, 0) == -1);
}

TEMPLATE_TEST_CASE("Losses of logits stay finite and do not hide a NaN", "[losses]", Vanilla,
                   LeastSquares, Hinge) {
  using Gan = Adversarial<TestType>;
  for (const float logit : {-1e4F, -100.F, 100.F, 1e4F}) {
    const auto map = Tensor<float>::from_host({1, 1, 1, 1}, std::vector<float>{logit});
    for (const auto& loss : {Gan::real(map), Gan::fake(map), Gan::generator(map)}) {
      CHECK(std::isfinite(loss.value));
      CHECK(std::isfinite(loss.gradient(0, 0, 0, 0)));
    }
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(Gan::real(logits({nan})).value));
  CHECK(std::isnan(Gan::fake(logits({nan})).value));
  CHECK(std::isnan(Gan::generator(logits({nan})).value));
}

// No logit is within a step of the hinge's kinks: they lie in [-0.95, 0.95].
TEMPLATE_TEST_CASE("Gradients of adversarial losses match central differences", "[losses]", Vanilla,
                   LeastSquares, Hinge) {
  using Gan = Adversarial<TestType>;
  auto map = test::uniform<double>({3, 1, 7, 5}, 1);
  for (double& value : map.values()) value *= 0.95;
  const auto error = [&](auto loss) {
    return test::relative_error(
        loss().gradient,
        test::central_difference([&] { return loss().value; }, map, /*step=*/1e-4));
  };
  CHECK(error([&] { return Gan::real(map); }) < 1e-8);       // measured at most 3e-10
  CHECK(error([&] { return Gan::fake(map); }) < 1e-8);       // measured at most 3e-10
  CHECK(error([&] { return Gan::generator(map); }) < 1e-8);  // measured at most 3e-10
}

TEST_CASE("An empty map of logits is refused", "[losses]") {
  CHECK_THROWS_WITH(Lsgan::real(Tensor<float>({0, 1, 30, 30})),
                    "Adversarial: logits of shape (0, 1, 30, 30)");
}

TEST_CASE("Adversarial losses are the same on any number of threads", "[losses]") {
  const auto map = test::uniform<float>({3, 5, 61, 67}, 1);
  CHECK(test::same_on_any_thread_count([&] {
    const auto loss = VanillaGan::real(map);
    return std::pair(loss.value, loss.gradient.to_host());
  }));
}

}  // namespace
}  // namespace asyndgan::losses
