// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/make_critics.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "asyndgan/data/phantom.hpp"
#include "asyndgan/federation/steps.hpp"
#include "asyndgan/networks/patch_discriminator.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::federation {
namespace {

/// A site that has channels 0 and 2 of 3, with a discriminator for each.
struct TwoOfThree {
  using Net = networks::PatchDiscriminator<double>;

  static constexpr int kLabels = 3;
  static constexpr int kRows = 13;
  static constexpr int kColumns = 11;

  static Critics<Net> critics() {
    SiteOptions<Net> options;
    options.name = "s";
    options.secret = 9;
    options.discriminator = {.in_channels = 0, .base_channels = 4, .layers = 1};
    options.judging = Judging::per_modality;
    auto images = data::phantom(
        {.count = 4, .height = kRows, .width = kColumns, .channels = 2, .classes = kLabels});
    images.channels = {"a", "c"};
    const SiteSamples<double> samples(privacy::Private(std::move(images)), {"a", "b", "c"}, {},
                                      {.site = options.name, .secret = options.secret});
    return make_critics(samples, options);
  }

  static modality::Condition<double> condition() {
    LabelMap labels(2, kRows, kColumns);
    for (std::size_t i = 0; i < labels.labels.size(); ++i) {
      labels.labels[i] = static_cast<std::uint8_t>(i * i % kLabels);
    }
    return modality::Condition<double>::one_hot(std::move(labels), kLabels);
  }

  static Tensor<double> images(std::uint64_t seed) {
    return test::uniform<double>({2, 3, kRows, kColumns}, seed);
  }
};

std::vector<double> channel_of(const Tensor<double>& x, int c) {
  std::vector<double> values;
  for (int n = 0; n < x.shape().n; ++n) {
    const double* plane = &x(n, c, 0, 0);
    values.insert(values.end(), plane, plane + x.shape().plane());
  }
  return values;
}

/// What one discriminator says of one channel of the fakes: its loss and the channel's gradient.
struct Opinion {
  double loss;
  std::vector<double> gradient;
};
Opinion opinion_of(TwoOfThree::Net& network, const Tensor<double>& condition,
                   const Tensor<double>& fake, int channel) {
  constexpr int kLabels = TwoOfThree::kLabels;
  Tensor<double> input({2, kLabels + 1, TwoOfThree::kRows, TwoOfThree::kColumns});
  for (int n = 0; n < 2; ++n) {
    for (int y = 0; y < TwoOfThree::kRows; ++y) {
      for (int x = 0; x < TwoOfThree::kColumns; ++x) {
        for (int c = 0; c < kLabels; ++c) input(n, c, y, x) = condition(n, c, y, x);
        input(n, kLabels, y, x) = fake(n, channel, y, x);
      }
    }
  }
  TwoOfThree::Net::Saved saved;
  const auto loss = losses::Lsgan::generator(network.forward(std::move(input), saved, {}));
  return {loss.value,
          channel_of(network.backward(loss.gradient, saved, layers::Wanted::input), kLabels)};
}

std::vector<double> weights_of(Critic<TwoOfThree::Net>& critic) {
  State<double> state;
  critic.network.collect("", state);
  std::vector<double> all;
  for (const auto& [name, parameter] : state.parameters) {
    const auto values = parameter->value.to_host();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST_CASE("A channel's gradient is that of its own discriminator, and 0 where the site lacks it",
          "[federation]") {
  auto critics = TwoOfThree::critics();
  REQUIRE(critics.size() == 2);
  CHECK(critics[0].channels == std::vector<int>{0});
  CHECK(critics[1].channels == std::vector<int>{2});
  CHECK(weights_of(critics[0]) != weights_of(critics[1]));

  const auto condition = TwoOfThree::condition();
  const auto fake = TwoOfThree::images(5);
  const auto judgement =
      generator_gradient(critics, condition, fake, Objective<double>{}, layers::Pass{});
  const Tensor<double>& d_fake = judgement.gradient.d_fake;
  const auto first = opinion_of(critics[0].network, condition.channels, fake, 0);
  const auto second = opinion_of(critics[1].network, condition.channels, fake, 2);
  CHECK(channel_of(d_fake, 0) == first.gradient);
  CHECK(channel_of(d_fake, 1) == std::vector<double>(first.gradient.size(), 0));
  CHECK(channel_of(d_fake, 2) == second.gradient);
  CHECK(judgement.loss == first.loss + second.loss);
  for (const auto& gradient : {first.gradient, second.gradient}) {
    CHECK(std::any_of(gradient.begin(), gradient.end(), [](double d) { return d != 0; }));
  }
}

TEST_CASE("A channel's discriminator learns from no other channel", "[federation]") {
  // After a step on images whose given channel is of another seed than the rest.
  const auto trained = [](int channel) {
    const auto images = [channel](std::uint64_t seed) {
      auto all = TwoOfThree::images(seed);
      const auto other = TwoOfThree::images(seed + 10);
      for (int n = 0; n < 2; ++n) {
        std::copy_n(&other(n, channel, 0, 0), other.shape().plane(), &all(n, channel, 0, 0));
      }
      return all;
    };
    auto critics = TwoOfThree::critics();
    const auto condition = TwoOfThree::condition();
    update_discriminator(critics, condition, privacy::Private(images(1)), condition, images(2),
                         Objective<double>{}, layers::Pass{});
    return std::pair(weights_of(critics[0]), weights_of(critics[1]));
  };
  const auto lacking = trained(1);
  const auto first = trained(0);
  const auto second = trained(2);
  CHECK(first.first != lacking.first);
  CHECK(first.second == lacking.second);
  CHECK(second.first == lacking.first);
  CHECK(second.second != lacking.second);
}

}  // namespace
}  // namespace asyndgan::federation
