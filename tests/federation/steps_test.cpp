// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/steps.hpp"

#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/losses/l1.hpp"
#include "asyndgan/networks/patch_discriminator.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::federation {
namespace {

using Net = networks::PatchDiscriminator<double>;

constexpr int kSide = 13;
constexpr int kClasses = 3;

Critics<Net> one_critic() {
  Critics<Net> critics;
  Net network({.in_channels = kClasses + 1, .base_channels = 4, .layers = 1});
  State<double> state;
  network.collect("", state);
  layers::initialize(state, {}, {.seed = 2});
  critics.emplace_back(std::vector<int>{0}, std::move(network), optim::Adam<double>::Options{});
  return critics;
}

Objective<double> with_l1() {
  Objective<double> objective;
  objective.paired_terms_that_reveal_images = {{.weight = 2, .loss = &losses::l1<double, Cpu>}};
  return objective;
}

Judgement<double> judged(Critics<Net>& critics, const Objective<double>& objective,
                         const privacy::Private<Tensor<double>>* paired = nullptr) {
  const auto condition = modality::Condition<double>::one_hot(LabelMap(2, kSide, kSide), kClasses);
  const auto fake = test::uniform<double>({2, 1, kSide, kSide}, 5);
  return generator_gradient(critics, condition, fake, objective, layers::Pass{}, paired);
}

TEST_CASE("An objective with a paired term needs the paired image, and another none",
          "[federation]") {
  auto critics = one_critic();
  const privacy::Private real(test::uniform<double>({2, 1, kSide, kSide}, 6));
  CHECK_THROWS_AS(judged(critics, with_l1()), ContractViolation);
  CHECK_THROWS_AS(judged(critics, {}, &real), ContractViolation);
  CHECK(judged(critics, with_l1(), &real).loss > judged(critics, {}).loss);
}

TEST_CASE("A term of statistics needs critics that keep them, and another objective none",
          "[federation]") {
  Objective<double> objective;
  objective.feature_statistics = StatisticsTerm{};
  auto critics = one_critic();
  CHECK_THROWS_AS(judged(critics, objective), ContractViolation);
  critics.back().keep_statistics({.regions = kClasses, .minimum_images = 8}, kSide, kSide);
  CHECK_THROWS_AS(judged(critics, {}), ContractViolation);
  CHECK(judged(critics, objective).gradient.reveals == privacy::Reveals::site_statistics);
}

}  // namespace
}  // namespace asyndgan::federation
