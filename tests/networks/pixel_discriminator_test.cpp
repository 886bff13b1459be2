// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/networks/pixel_discriminator.hpp"

#include <string>
#include <vector>

#include "networks/network_check.hpp"
#include "support/catch.hpp"

namespace asyndgan::networks {
namespace {

using Pixel = PixelDiscriminator<double>;

// Counted on the public PyTorch networks.
TEST_CASE("PixelDiscriminator has the parameters of the public network", "[networks]") {
  CHECK(test::parameter_count(Pixel({.in_channels = 6, .norm = NormKind::batch})) == 9'024);
  CHECK(test::parameter_count(Pixel({.in_channels = 6, .norm = NormKind::instance})) == 8'897);
  CHECK(test::names_of(Pixel({.in_channels = 6, .norm = NormKind::batch})) ==
        std::vector<std::string>{"net.0.weight", "net.0.bias", "net.2.weight", "net.3.weight",
                                 "net.3.bias", "net.5.weight", "net.3.running_mean",
                                 "net.3.running_var", "net.3.num_batches_tracked"});
}

// Derived from the public network's layers.
TEST_CASE("PixelDiscriminator costs the multiply-accumulates of the public network", "[networks]") {
  Pixel narrow({.in_channels = 1, .base_channels = 1});
  Pixel::Saved saved;
  const auto output = narrow.forward(test::uniform<double>({1, 1, 256, 256}, 1), saved);
  std::vector<std::size_t> pixels;
  for (const auto* feature : narrow.features(saved)) pixels.push_back(feature->shape().plane());
  pixels.push_back(output.shape().plane());
  CHECK(test::multiply_accumulates(Pixel({.in_channels = 6}), pixels) == 570'425'344);
}

TEST_CASE("PixelDiscriminator judges every pixel", "[networks]") {
  const Pixel network({.in_channels = 3});
  CHECK(network.output_shape({2, 3, 17, 5}) == Shape{2, 1, 17, 5});
  CHECK(Pixel::receptive_field() == 1);
  CHECK_THROWS_WITH(network.output_shape({2, 4, 17, 5}),
                    "PixelDiscriminator: input (2, 4, 17, 5), expected 3 channels and at least a "
                    "pixel");
  CHECK_THROWS_AS(network.output_shape({2, 3, 0, 5}), ShapeError);
  CHECK_THROWS_AS(Pixel({.in_channels = 1, .base_channels = 0}), ContractViolation);
}

// 1e-8 measured. The loss has a term in the first of the features too.
TEST_CASE("PixelDiscriminator's gradients match central differences", "[networks]") {
  for (const NormKind norm : {NormKind::none, NormKind::batch, NormKind::instance}) {
    CAPTURE(layers::to_string(norm));
    Pixel network({.in_channels = 2, .base_channels = 3, .norm = norm});
    test::fill_network(network);
    CHECK(test::network_gradient_error(network, {2, 2, 5, 3}) < 1e-6);
  }
}

TEST_CASE("PixelDiscriminator's features are its hidden activations", "[networks]") {
  Pixel network({.in_channels = 2, .base_channels = 3});
  test::fill_network(network);
  Pixel::Saved saved;
  (void)network.forward(test::uniform<double>({1, 2, 4, 5}, 1), saved);
  const auto features = network.features(saved);
  REQUIRE(features.size() == 2);
  CHECK(features[0]->shape() == Shape{1, 3, 4, 5});
  CHECK(features[1]->shape() == Shape{1, 6, 4, 5});
  const std::vector<Tensor<double>> too_many(3);
  CHECK_THROWS_AS(network.backward({}, saved, Wanted::all, too_many), ShapeError);
}

TEMPLATE_TEST_CASE("PixelDiscriminator computes the gradients it is asked for", "[networks]", float,
                   double) {
  PixelDiscriminator<TestType> network(
      {.in_channels = 2, .base_channels = 3, .norm = NormKind::batch});
  test::fill_network(network);
  CHECK(test::wanted_is_a_part_of_all(network, {2, 2, 7, 5}));
  CHECK(test::passes_are_independent(network, {2, 2, 7, 5}));
}

TEST_CASE("PixelDiscriminator describes itself", "[networks]") {
  CHECK(Pixel({.in_channels = 3, .base_channels = 8}).describe() ==
        "PixelDiscriminator 3, base 8, norm instance");
}

}  // namespace
}  // namespace asyndgan::networks
