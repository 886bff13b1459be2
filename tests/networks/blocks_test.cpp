// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/networks/blocks.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::networks {
namespace {

template <class N>
std::vector<std::string> names(N& network) {
  State<double> state;
  network.collect("b", state);
  std::vector<std::string> all;
  for (const auto& entry : state.parameters) all.push_back(entry.name);
  return all;
}

template <class N>
void fill_weights(N& network) {
  State<double> state;
  network.collect("b", state);
  std::uint64_t seed = 10;
  for (auto& entry : state.parameters) test::fill_uniform(entry.parameter->value, seed++);
}

TEST_CASE("A residual block whose last convolution is zero hands its input on", "[networks]") {
  ResidualBlock<double> block({.channels = 2, .norm = NormKind::none});
  fill_weights(block);
  State<double> state;
  block.collect("b", state);
  for (auto& [name, parameter] : state.parameters) {
    if (name.starts_with("b.conv_block.5.")) parameter->value.zero();
  }
  const auto x = test::uniform<double>({2, 2, 5, 7}, 1);
  ResidualBlock<double>::Saved saved;
  CHECK(block.forward(x, saved).to_host() == x.to_host());  // -1 to 1: no rectifier behind the sum
  const auto d = test::uniform<double>({2, 2, 5, 7}, 2);
  CHECK(block.backward(d, saved).to_host() == d.to_host());
}

// Without biases in front of an instance norm, whose gradient is 0 but for rounding.
TEST_CASE("A residual block's gradients match central differences", "[networks]") {
  for (const NormKind norm : {NormKind::none, NormKind::batch}) {
    ResidualBlock<double> block({.channels = 2, .norm = norm});
    fill_weights(block);
    CHECK(test::gradient_error(block, test::uniform<double>({2, 2, 5, 7}, 3)) <
          1e-8);  // 4e-10 measured
  }
}

TEST_CASE("Blocks are named as PyTorch's, with a dropout layer's place kept", "[networks]") {
  ResidualBlock<double> plain({.channels = 1, .norm = NormKind::batch});
  CHECK(names(plain) == std::vector<std::string>{"b.conv_block.1.weight", "b.conv_block.2.weight",
                                                 "b.conv_block.2.bias", "b.conv_block.5.weight",
                                                 "b.conv_block.6.weight", "b.conv_block.6.bias"});
  ResidualBlock<double> dropping({.channels = 1, .norm = NormKind::instance, .dropout = 0.5});
  CHECK(names(dropping) == std::vector<std::string>{"b.conv_block.1.weight", "b.conv_block.1.bias",
                                                    "b.conv_block.6.weight",
                                                    "b.conv_block.6.bias"});
}

TEST_CASE("Convolution, norm and rectifier in one: names, shape and gradients", "[networks]") {
  using Block = ConvNormRelu<layers::Conv2d<double>>;
  Block block({.convolution = {.in_channels = 2,
                               .out_channels = 3,
                               .kernel = 4,
                               .stride = 2,
                               .padding = 1,
                               .bias = false},
               .norm = NormKind::instance,
               .slope = 0.2});
  fill_weights(block);
  CHECK(block.output_shape({1, 2, 9, 7}) == Shape{1, 3, 4, 3});
  CHECK(names(block) == std::vector<std::string>{"b.0.weight"});
  CHECK(test::gradient_error(block, test::uniform<double>({2, 2, 9, 7}, 4)) <
        1e-8);  // 7e-11 measured
}

TEST_CASE("Feature gradients join where they belong, and a wrong number is refused", "[networks]") {
  const auto ones = [](double value) {
    return Tensor<double>::from_host({1, 1, 1, 1}, std::vector<double>{value});
  };
  const std::vector<Tensor<double>> features{ones(10), {}, ones(30)};
  const std::span<const Tensor<double>> d_features(features);
  const auto joined = [&](Tensor<double> d, std::size_t index) {
    return detail::with_feature_gradient<double, Cpu>(std::move(d), index, d_features).to_host();
  };
  CHECK(joined(ones(1), 0) == std::vector<double>{11});
  CHECK(joined(ones(1), 1) == std::vector<double>{1});
  CHECK(joined({}, 2) == std::vector<double>{30});
  CHECK_THROWS_WITH(detail::require_feature_count(2, 3, "PatchDiscriminator"),
                    "PatchDiscriminator: 2 gradients for 3 features");
  CHECK_NOTHROW(detail::require_feature_count(0, 3, "PatchDiscriminator"));
  CHECK_THROWS_WITH(detail::require_positive(0, "blocks"), "blocks is 0, expected at least 1");
}

}  // namespace
}  // namespace asyndgan::networks
