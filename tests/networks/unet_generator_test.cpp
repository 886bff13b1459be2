// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/networks/unet_generator.hpp"

#include <string>
#include <vector>

#include "networks/network_check.hpp"
#include "support/catch.hpp"

namespace asyndgan::networks {
namespace {

using Unet = UnetGenerator<double>;

std::size_t unet_parameters(int channels, int downs, NormKind norm) {
  return test::parameter_count(UnetGenerator<float>(
      {.in_channels = channels, .out_channels = channels, .downs = downs, .norm = norm}));
}

// Counted on the public PyTorch networks: unet_256, unet_128, and what the FedML code calls so.
TEST_CASE("UnetGenerator has the parameters of the public networks", "[networks]") {
  CHECK(unet_parameters(3, 8, NormKind::batch) == 54'413'955);
  CHECK(unet_parameters(3, 8, NormKind::instance) == 54'409'603);
  CHECK(unet_parameters(1, 8, NormKind::batch) == 54'407'809);
  CHECK(unet_parameters(3, 7, NormKind::batch) == 41'828'995);
  CHECK(unet_parameters(3, 7, NormKind::instance) == 41'825'667);
  CHECK(unet_parameters(1, 6, NormKind::batch) == 29'237'889);
  CHECK(unet_parameters(1, 6, NormKind::instance) == 29'235'585);
  CHECK(unet_parameters(3, 5, NormKind::batch) == 16'659'075);
  CHECK(unet_parameters(3, 5, NormKind::instance) == 16'657'795);
}

// Derived from the public networks' layers, padding counted.
TEST_CASE("UnetGenerator costs the multiply-accumulates of the public networks", "[networks]") {
  const auto cost = [](int channels, int downs) {
    Unet narrow({.in_channels = 1,
                 .out_channels = 1,
                 .base_channels = 1,
                 .downs = downs,
                 .norm = NormKind::none});
    Unet::Saved saved;
    (void)narrow.forward(test::uniform<double>({1, 1, 256, 256}, 1), saved);
    std::vector<std::size_t> pixels;
    const auto add = [&](const auto& of) {
      pixels.push_back(of.convolution.input.shape().plane());
    };
    for (std::size_t i = 1; i < saved.downs.size(); ++i) add(saved.downs[i]);  // made by i - 1
    add(saved.ups.back());
    for (std::size_t i = saved.ups.size(); i-- > 0;) add(saved.ups[i]);
    return test::multiply_accumulates(
        UnetGenerator<float>({.in_channels = channels, .out_channels = channels, .downs = downs}),
        pixels);
  };
  CHECK(cost(3, 8) == 6'048'186'368);
  CHECK(cost(1, 8) == 5'947'523'072);
  CHECK(cost(3, 7) == 6'023'020'544);
  CHECK(cost(1, 6) == 5'821'693'952);
  CHECK(cost(3, 5) == 5'519'704'064);
}

TEST_CASE("UnetGenerator has the state_dict of the public network", "[networks]") {
  const auto names = [](int downs, NormKind norm) {
    return test::names_of(Unet(
        {.in_channels = 1, .out_channels = 1, .base_channels = 1, .downs = downs, .norm = norm}));
  };
  CHECK(names(8, NormKind::batch).size() == 82);
  CHECK(names(5, NormKind::instance) ==
        std::vector<std::string>{"model.model.0.weight",
                                 "model.model.0.bias",
                                 "model.model.1.model.1.weight",
                                 "model.model.1.model.1.bias",
                                 "model.model.1.model.3.model.1.weight",
                                 "model.model.1.model.3.model.1.bias",
                                 "model.model.1.model.3.model.3.model.1.weight",
                                 "model.model.1.model.3.model.3.model.1.bias",
                                 "model.model.1.model.3.model.3.model.3.model.1.weight",
                                 "model.model.1.model.3.model.3.model.3.model.1.bias",
                                 "model.model.1.model.3.model.3.model.3.model.3.weight",
                                 "model.model.1.model.3.model.3.model.3.model.3.bias",
                                 "model.model.1.model.3.model.3.model.5.weight",
                                 "model.model.1.model.3.model.3.model.5.bias",
                                 "model.model.1.model.3.model.5.weight",
                                 "model.model.1.model.3.model.5.bias",
                                 "model.model.1.model.5.weight",
                                 "model.model.1.model.5.bias",
                                 "model.model.3.weight",
                                 "model.model.3.bias"});
}

TEST_CASE("UnetGenerator keeps sizes that it can halve, and refuses others", "[networks]") {
  const Unet network({.in_channels = 3, .out_channels = 2, .base_channels = 1, .downs = 8});
  CHECK(network.output_shape({4, 3, 256, 512}) == Shape{4, 2, 256, 512});
  CHECK_THROWS_WITH(network.output_shape({1, 3, 128, 256}),
                    "UnetGenerator: input (1, 3, 128, 256), expected 3 channels and sides that 8 "
                    "halvings divide, multiples of 256");
  CHECK_THROWS_AS(network.output_shape({1, 3, 286, 286}), ShapeError);
  CHECK_THROWS_AS(network.output_shape({1, 4, 256, 256}), ShapeError);
  CHECK_THROWS_AS(network.output_shape({1, 3, 0, 256}), ShapeError);
  CHECK_THROWS_WITH(Unet({.in_channels = 1, .out_channels = 1, .downs = 4}),
                    "UnetGenerator: downs is 4, expected 5 to 12");
  CHECK_THROWS_AS(Unet({.in_channels = 1, .out_channels = 1, .downs = 13}), ContractViolation);
}

// 3e-8 measured.
TEST_CASE("UnetGenerator's gradients match central differences", "[networks]") {
  for (const NormKind norm : {NormKind::none, NormKind::batch, NormKind::instance}) {
    CAPTURE(layers::to_string(norm));
    Unet network(
        {.in_channels = 1, .out_channels = 2, .base_channels = 1, .downs = 5, .norm = norm});
    test::fill_network(network);
    CHECK(test::network_gradient_error(network, {1, 1, 64, 32}) < 1e-6);
  }
}

// 2e-8 measured.
TEST_CASE("UnetGenerator's gradients pass its dropout", "[networks]") {
  Unet network({.in_channels = 1, .out_channels = 1, .base_channels = 1, .downs = 6});
  test::fill_network(network);
  CHECK(test::network_gradient_error(network, {2, 1, 64, 64}) < 1e-6);
}

TEST_CASE("UnetGenerator has dropout in the wide levels alone", "[networks]") {
  const auto noise = [](int downs) {
    UnetGenerator<float> network(
        {.in_channels = 1, .out_channels = 1, .base_channels = 1, .downs = downs});
    test::fill_network(network);
    const auto draw = [&](std::uint64_t seed) {
      UnetGenerator<float>::Saved saved;
      return network
          .forward(test::uniform<float>({1, 1, 64, 64}, 1), saved,
                   {.training = false, .key = {.seed = seed}})
          .to_host();
    };
    CHECK(draw(1) == draw(1));
    return draw(1) != draw(2);
  };
  CHECK_FALSE(noise(5));
  CHECK(noise(6));
}

TEMPLATE_TEST_CASE("UnetGenerator computes the gradients it is asked for", "[networks]", float,
                   double) {
  UnetGenerator<TestType> network(
      {.in_channels = 2, .out_channels = 1, .base_channels = 1, .downs = 5});
  test::fill_network(network);
  CHECK(test::wanted_is_a_part_of_all(network, {2, 2, 32, 64}));
}

TEST_CASE("UnetGenerator has several passes in flight", "[networks]") {
  Unet network({.in_channels = 2, .out_channels = 1, .base_channels = 1, .downs = 5});
  test::fill_network(network);
  CHECK(test::passes_are_independent(network, {2, 2, 32, 64}));
}

TEST_CASE("UnetGenerator gives the same bits on any number of threads", "[networks]") {
  CHECK(test::same_on_any_thread_count([] {
    UnetGenerator<float> network(
        {.in_channels = 2, .out_channels = 1, .base_channels = 4, .downs = 5});
    test::fill_network(network);
    return test::everything_of_a_pass(std::move(network), {2, 2, 64, 32});
  }));
}

// 2e-6 measured.
TEST_CASE("UnetGenerator in float is close to double", "[networks]") {
  CHECK(test::float_error<UnetGenerator>(
            {.in_channels = 2, .out_channels = 1, .base_channels = 4, .downs = 5},
            {.in_channels = 2, .out_channels = 1, .base_channels = 4, .downs = 5},
            {2, 2, 64, 96}) < 1e-4);
}

TEST_CASE("UnetGenerator describes itself", "[networks]") {
  CHECK(Unet({.in_channels = 3,
              .out_channels = 1,
              .base_channels = 8,
              .downs = 6,
              .norm = NormKind::instance,
              .dropout = 0})
            .describe() == "UnetGenerator 3 -> 1, base 8, 6 downs, norm instance, dropout 0");
}

}  // namespace
}  // namespace asyndgan::networks
