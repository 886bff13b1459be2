// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/layers/conv_transpose2d.hpp"

#include "layers/conv_gradient_check.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::layers {
namespace {

// L is linear in the input, the weight and the bias: 1e-11 measured, 1e-9 allowed.
TEMPLATE_LIST_TEST_CASE("ConvTranspose2d backward matches central differences on odd sizes",
                        "[layers]", test::Devices) {
  using Layer = ConvTranspose2d<double, TestType>;
  const Shape shape{2, 3, 4, 3};
  SECTION("U-Net's window") {
    Layer layer({.in_channels = 3, .out_channels = 2, .kernel = 4, .stride = 2, .padding = 1});
    CHECK(test::conv_gradient_error(layer, shape) < 1e-9);
  }
  SECTION("ResNet's window, with output padding") {
    Layer layer({.in_channels = 3,
                 .out_channels = 2,
                 .kernel = 3,
                 .stride = 2,
                 .padding = 1,
                 .output_padding = 1});
    CHECK(test::conv_gradient_error(layer, shape) < 1e-9);
  }
  SECTION("stride larger than the window") {
    Layer layer({.in_channels = 3, .out_channels = 2, .kernel = 2, .stride = 3});
    CHECK(test::conv_gradient_error(layer, shape) < 1e-9);
  }
}

TEST_CASE("ConvTranspose2d doubles an image as the generators need it", "[layers]") {
  const ConvTranspose2d<float> unet(
      {.in_channels = 8, .out_channels = 4, .kernel = 4, .stride = 2, .padding = 1});
  CHECK(unet.output_shape({1, 8, 16, 9}) == Shape{1, 4, 32, 18});
  const ConvTranspose2d<float> resnet({.in_channels = 8,
                                       .out_channels = 4,
                                       .kernel = 3,
                                       .stride = 2,
                                       .padding = 1,
                                       .output_padding = 1});
  CHECK(resnet.output_shape({1, 8, 16, 9}) == Shape{1, 4, 32, 18});
}

TEST_CASE("ConvTranspose2d names its parameters as PyTorch does", "[layers]") {
  ConvTranspose2d<float> layer({.in_channels = 8, .out_channels = 4, .kernel = 4});
  State<float> state;
  layer.collect("up", state);
  REQUIRE(state.parameters.size() == 2);
  CHECK(state.parameters[0].name == "up.weight");
  CHECK(state.parameters[0].parameter->value.shape() == Shape{8, 4, 4, 4});
  CHECK(state.parameters[1].name == "up.bias");
  CHECK(state.parameters[1].parameter->value.shape() == Shape{1, 4, 1, 1});
}

TEST_CASE("ConvTranspose2d refuses shapes and options that do not fit", "[layers]") {
  const ConvTranspose2d<float> layer({.in_channels = 8, .out_channels = 4, .padding = 1});
  CHECK_THROWS_AS(layer.output_shape({1, 4, 8, 8}), ShapeError);
  using Options = ConvTranspose2d<float>::Options;
  CHECK_THROWS_AS(ConvTranspose2d<float>(Options{
                      .in_channels = 1, .out_channels = 1, .stride = 2, .output_padding = 2}),
                  ContractViolation);
}

}  // namespace
}  // namespace asyndgan::layers
