// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/networks/resnet_generator.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "networks/network_check.hpp"
#include "support/catch.hpp"

namespace asyndgan::networks {
namespace {

using Resnet = ResnetGenerator<double>;

std::size_t resnet_parameters(int in, int out, int blocks, NormKind norm) {
  return test::parameter_count(ResnetGenerator<float>(
      {.in_channels = in, .out_channels = out, .blocks = blocks, .norm = norm}));
}

// Counted on the public PyTorch networks.
TEST_CASE("ResnetGenerator has the parameters of the public network", "[networks]") {
  CHECK(resnet_parameters(3, 3, 9, NormKind::batch) == 11'383'427);
  CHECK(resnet_parameters(3, 3, 9, NormKind::instance) == 11'378'179);
  CHECK(resnet_parameters(1, 1, 9, NormKind::batch) == 11'370'881);
  CHECK(resnet_parameters(1, 1, 9, NormKind::instance) == 11'365'633);
  CHECK(resnet_parameters(4, 4, 9, NormKind::batch) == 11'389'700);
  CHECK(resnet_parameters(4, 4, 9, NormKind::instance) == 11'384'452);
  CHECK(resnet_parameters(3, 1, 9, NormKind::batch) == 11'377'153);
  CHECK(resnet_parameters(3, 1, 9, NormKind::instance) == 11'371'905);
  CHECK(resnet_parameters(3, 3, 6, NormKind::batch) == 7'841'411);
  CHECK(resnet_parameters(3, 3, 6, NormKind::instance) == 7'837'699);
}

Resnet::Options narrow(int blocks) {
  return {.in_channels = 1,
          .out_channels = 1,
          .base_channels = 1,
          .blocks = blocks,
          .norm = NormKind::none,
          .dropout = 0};
}

/// For test::multiply_accumulates(), of a 256 x 256 image, as a narrow network meets them.
std::vector<std::size_t> resnet_pixels(int blocks) {
  Resnet network(narrow(blocks));
  Resnet::Saved saved;
  const auto output = network.forward(test::uniform<double>({1, 1, 256, 256}, 1), saved);
  std::vector<std::size_t> inputs;
  const auto add = [&](const auto& of) { inputs.push_back(of.input.shape().plane()); };
  for (const auto& down : saved.downs) add(down.convolution);
  for (const auto& block : saved.blocks) {
    add(block.first.convolution);
    add(block.second);
  }
  const auto ups = static_cast<std::ptrdiff_t>(inputs.size());
  for (const auto& up : saved.ups) add(up.convolution);
  // The output of a convolution is the input of the next.
  std::vector<std::size_t> pixels(inputs.begin() + 1, inputs.begin() + ups + 1);
  pixels.insert(pixels.end(), inputs.begin() + ups, inputs.end());
  pixels.push_back(output.shape().plane());
  return pixels;
}

// Derived from the public networks' layers, padding counted.
TEST_CASE("ResnetGenerator costs the multiply-accumulates of the public network", "[networks]") {
  const auto cost = [](int in, int out, int blocks) {
    return test::multiply_accumulates(
        ResnetGenerator<float>({.in_channels = in, .out_channels = out, .blocks = blocks}),
        resnet_pixels(blocks));
  };
  CHECK(cost(3, 3, 9) == 49'551'507'456);
  CHECK(cost(1, 1, 9) == 48'729'423'872);
  CHECK(cost(4, 4, 9) == 49'962'549'248);
  CHECK(cost(3, 1, 9) == 49'140'465'664);
  CHECK(cost(3, 3, 6) == 35'055'992'832);
}

TEST_CASE("ResnetGenerator has the state_dict of the public network", "[networks]") {
  const auto entries = [](NormKind norm) {
    return test::names_of(ResnetGenerator<float>(
        {.in_channels = 3, .out_channels = 3, .base_channels = 1, .norm = norm}));
  };
  CHECK(entries(NormKind::batch).size() == 140);
  CHECK(entries(NormKind::instance).size() == 48);

  const Resnet::Options tiny{.in_channels = 1, .out_channels = 1, .base_channels = 1, .blocks = 1};
  auto options = tiny;
  CHECK(test::names_of(Resnet(options)) ==
        std::vector<std::string>{"model.1.weight", "model.1.bias", "model.4.weight", "model.4.bias",
                                 "model.7.weight", "model.7.bias", "model.10.conv_block.1.weight",
                                 "model.10.conv_block.1.bias", "model.10.conv_block.6.weight",
                                 "model.10.conv_block.6.bias", "model.11.weight", "model.11.bias",
                                 "model.14.weight", "model.14.bias", "model.18.weight",
                                 "model.18.bias"});
  options.dropout = 0;
  options.norm = NormKind::batch;
  const auto names = test::names_of(Resnet(options));
  CHECK(names.at(10) == "model.10.conv_block.2.weight");
  CHECK(names.at(12) == "model.10.conv_block.5.weight");  // 6 with dropout
  CHECK(names.at(13) == "model.10.conv_block.6.weight");
  CHECK(names.back() == "model.15.num_batches_tracked");
}

TEST_CASE("Names stand behind a prefix", "[networks]") {
  Resnet network({.in_channels = 1, .out_channels = 1, .base_channels = 1, .blocks = 0});
  State<double> state;
  network.collect("generator", state);
  CHECK(state.parameters.front().name == "generator.model.1.weight");
}

TEST_CASE("ResnetGenerator keeps sizes that 4 divides and rounds others up", "[networks]") {
  const Resnet network({.in_channels = 3, .out_channels = 2, .base_channels = 1});
  CHECK(network.output_shape({5, 3, 256, 64}) == Shape{5, 2, 256, 64});
  CHECK(network.output_shape({1, 3, 250, 286}) == Shape{1, 2, 252, 288});
  CHECK(network.output_shape({1, 3, 5, 6}) == Shape{1, 2, 8, 8});
}

/// Side of the smallest square around the elements of image `n` that are not 0.
int side_of_square(const Tensor<double>& images, int n) {
  int first = images.shape().h;
  int last = -1;
  for (int y = 0; y < images.shape().h; ++y) {
    for (int x = 0; x < images.shape().w; ++x) {
      if (images(n, 0, y, x) == 0) continue;
      first = std::min({first, y, x});
      last = std::max({last, y, x});
    }
  }
  return last - first + 1;
}

// Found by the network itself, with weights that keep every value above the rectifiers' 0. How
// far a pixel sees depends on where it lies among the four that a pixel of the blocks becomes.
TEST_CASE("A pixel depends on the pixels of its receptive field and no other", "[networks]") {
  const auto fields = [](int blocks) {
    Resnet network(narrow(blocks));
    for (auto& [name, parameter] : test::state_of(network).parameters) {
      if (parameter->rank != 4) continue;
      for (double& value : parameter->value.values()) value = 1. / 64;
    }
    constexpr int kSide = 192;
    Tensor<double> input({4, 1, kSide, kSide});
    for (double& value : input.values()) value = 1;
    Resnet::Saved saved;
    Tensor<double> d_output(network.forward(std::move(input), saved).shape());
    for (int n = 0; n < 4; ++n) d_output(n, 0, kSide / 2 + n, kSide / 2 + n) = 1;
    const auto d_input = network.backward(d_output, saved);
    std::vector<int> sides;
    sides.reserve(4);
    for (int n = 0; n < 4; ++n) sides.push_back(side_of_square(d_input, n));
    return sides;
  };
  CHECK(fields(9) == std::vector<int>{165, 165, 169, 165});
  CHECK(fields(6) == std::vector<int>{117, 117, 121, 117});
}

TEST_CASE("ResnetGenerator refuses what it cannot take", "[networks]") {
  Resnet network({.in_channels = 3, .out_channels = 2, .base_channels = 1, .blocks = 1});
  CHECK_THROWS_WITH(network.output_shape({1, 2, 64, 64}),
                    "ResnetGenerator: input (1, 2, 64, 64), expected 3 channels and sides of at "
                    "least 5 pixels");
  CHECK_THROWS_AS(network.output_shape({1, 3, 64, 4}), ShapeError);
  Resnet::Saved saved;
  CHECK_THROWS_AS(network.forward(Tensor<double>({1, 3, 4, 64}), saved), ShapeError);
  CHECK_THROWS_AS(Resnet({.in_channels = 0, .out_channels = 1}), ContractViolation);
  CHECK_THROWS_AS(Resnet({.in_channels = 1, .out_channels = 0}), ContractViolation);
  CHECK_THROWS_AS(Resnet({.in_channels = 1, .out_channels = 1, .blocks = -1}), ContractViolation);
  CHECK_THROWS_AS(Resnet({.in_channels = 1, .out_channels = 1, .dropout = 1}), ContractViolation);
}

// The rectifiers have kinks, but no value of these networks is within the step of one: 9e-7
// measured, the rounding of the differences.
TEST_CASE("ResnetGenerator's gradients match central differences", "[networks]") {
  for (const NormKind norm : {NormKind::none, NormKind::batch, NormKind::instance}) {
    CAPTURE(layers::to_string(norm));
    Resnet network({.in_channels = 2,
                    .out_channels = 2,
                    .base_channels = 1,
                    .blocks = 2,
                    .norm = norm,
                    .dropout = 0.3});
    test::fill_network(network);
    CHECK(test::network_gradient_error(network, {2, 2, 9, 7}) < 2e-6);
    layers::Pass pass{.training = false};
    CHECK(test::network_gradient_error(network, {2, 2, 9, 7}, pass) < 2e-6);
  }
}

TEMPLATE_TEST_CASE("ResnetGenerator computes the gradients it is asked for", "[networks]", float,
                   double) {
  ResnetGenerator<TestType> network(
      {.in_channels = 2, .out_channels = 1, .base_channels = 2, .blocks = 2});
  test::fill_network(network);
  CHECK(test::wanted_is_a_part_of_all(network, {2, 2, 9, 10}));
}

TEST_CASE("ResnetGenerator has several passes in flight", "[networks]") {
  Resnet network({.in_channels = 2,
                  .out_channels = 1,
                  .base_channels = 2,
                  .blocks = 2,
                  .norm = NormKind::batch});
  test::fill_network(network);
  CHECK(test::passes_are_independent(network, {1, 2, 9, 10}));
}

TEST_CASE("ResnetGenerator draws another image for another key, in synthesis too", "[networks]") {
  ResnetGenerator<float> network(
      {.in_channels = 1, .out_channels = 1, .base_channels = 4, .blocks = 2});
  test::fill_network(network);
  const auto draw = [&](layers::Pass pass, std::uint64_t seed) {
    pass.key.seed = seed;
    ResnetGenerator<float>::Saved saved;
    return network.forward(test::uniform<float>({1, 1, 8, 8}, 1), saved, pass).to_host();
  };
  const layers::Pass synthesis{.training = false};
  CHECK(draw(synthesis, 1) == draw(synthesis, 1));
  CHECK(draw(synthesis, 1) != draw(synthesis, 2));
  CHECK(draw(layers::Pass::evaluation(), 1) == draw(layers::Pass::evaluation(), 2));
}

TEST_CASE("ResnetGenerator gives the same bits on any number of threads", "[networks]") {
  CHECK(test::same_on_any_thread_count([] {
    ResnetGenerator<float> network(
        {.in_channels = 2, .out_channels = 1, .base_channels = 8, .blocks = 1});
    test::fill_network(network);
    return test::everything_of_a_pass(std::move(network), {2, 2, 33, 31});
  }));
}

// 3e-6 measured.
TEST_CASE("ResnetGenerator in float is close to double", "[networks]") {
  CHECK(test::float_error<ResnetGenerator>(
            {.in_channels = 2, .out_channels = 1, .base_channels = 8, .blocks = 3},
            {.in_channels = 2, .out_channels = 1, .base_channels = 8, .blocks = 3},
            {2, 2, 33, 31}) < 1e-4);
}

TEST_CASE("describe() is one line that names every option", "[networks]") {
  CHECK(Resnet({.in_channels = 3,
                .out_channels = 1,
                .base_channels = 8,
                .blocks = 6,
                .norm = NormKind::batch,
                .dropout = 0.25})
            .describe() == "ResnetGenerator 3 -> 1, base 8, 6 blocks, norm batch, dropout 0.25");
}

}  // namespace
}  // namespace asyndgan::networks
