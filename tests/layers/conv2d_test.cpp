// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/layers/conv2d.hpp"

#include <string>
#include <vector>

#include "layers/conv_gradient_check.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::layers {
namespace {

using kernels::PaddingMode;

std::vector<std::string> names(const State<double>& state) {
  std::vector<std::string> all;
  for (const auto& entry : state.parameters) all.push_back(entry.name);
  for (const auto& entry : state.buffers) all.push_back(entry.name);
  return all;
}

// L is linear in the input, the weight and the bias: 5e-11 measured, 1e-9 allowed.
TEMPLATE_LIST_TEST_CASE("Conv2d backward matches central differences on odd sizes", "[layers]",
                        test::Devices) {
  using Layer = Conv2d<double, TestType>;
  const Shape shape{2, 3, 7, 5};  // neither even nor square
  SECTION("patch discriminator's window") {
    Layer layer({.in_channels = 3, .out_channels = 2, .kernel = 4, .stride = 2, .padding = 1});
    CHECK(test::conv_gradient_error(layer, shape) < 1e-9);
  }
  SECTION("reflected border") {
    Layer layer({.in_channels = 3,
                 .out_channels = 2,
                 .kernel = 5,
                 .padding = 2,
                 .padding_mode = PaddingMode::reflect});
    CHECK(test::conv_gradient_error(layer, shape) < 1e-9);
  }
  SECTION("dilated") {
    Layer layer({.in_channels = 3, .out_channels = 2, .kernel = 3, .padding = 1, .dilation = 2});
    CHECK(test::conv_gradient_error(layer, shape) < 1e-9);
  }
  SECTION("stride larger than the window") {
    Layer layer({.in_channels = 3, .out_channels = 2, .kernel = 1, .stride = 3});
    CHECK(test::conv_gradient_error(layer, shape) < 1e-9);
  }
}

// The gain makes L a quotient of polynomials: 4e-11 measured, 1e-8 allowed.
TEST_CASE("Conv2d under spectral normalisation matches central differences", "[layers]") {
  Conv2d<double> layer({.in_channels = 2, .out_channels = 3, .padding = 1, .spectral_norm = true});
  test::fill_uniform(layer.weight().value, /*seed=*/1);
  Conv2d<double>::Saved saved;
  for (int i = 0; i < 3; ++i) (void)layer.forward(test::uniform<double>({1, 2, 4, 4}, 5), saved);
  CHECK(test::conv_gradient_error(layer, {2, 2, 5, 4}) < 1e-8);
}

TEST_CASE("Spectral normalisation makes the gain of a layer at most one", "[layers]") {
  // W = diag(3, 1) as a 1x1 convolution: the first singular value is 3.
  Conv2d<double> layer(
      {.in_channels = 2, .out_channels = 2, .kernel = 1, .bias = false, .spectral_norm = true});
  layer.weight().value(0, 0, 0, 0) = 3;
  layer.weight().value(1, 1, 0, 0) = 1;
  Conv2d<double>::Saved saved;
  const auto input = Tensor<double>::from_host({1, 2, 1, 1}, std::vector<double>{1, 1});
  for (int i = 0; i < 30; ++i) (void)layer.forward(input, saved);
  const auto output = layer.forward(input, saved, Pass::evaluation());
  CHECK(output(0, 0, 0, 0) == Approx(1.0).epsilon(1e-12));  // measured 0, as the next
  CHECK(output(0, 1, 0, 0) == Approx(1.0 / 3).epsilon(1e-12));
}

TEST_CASE("A pass in evaluation leaves the spectral vectors alone", "[layers]") {
  Conv2d<float> layer({.in_channels = 2, .out_channels = 3, .spectral_norm = true});
  test::fill_uniform(layer.weight().value, /*seed=*/1);
  State<float> state;
  layer.collect("d", state);
  const auto before = state.buffers[0].tensor->to_host();
  Conv2d<float>::Saved saved;
  (void)layer.forward(Tensor<float>({1, 2, 3, 3}), saved, Pass::evaluation());
  CHECK(state.buffers[0].tensor->to_host() == before);
  (void)layer.forward(Tensor<float>({1, 2, 3, 3}), saved);
  CHECK(state.buffers[0].tensor->to_host() != before);
}

TEST_CASE("Conv2d names its parameters as PyTorch does", "[layers]") {
  State<double> state;
  Conv2d<double> plain({.in_channels = 2, .out_channels = 3, .kernel = 4});
  plain.collect("model.1", state);
  Conv2d<double> bare({.in_channels = 2, .out_channels = 3, .bias = false});
  bare.collect("model.2", state);
  Conv2d<double> spectral({.in_channels = 2, .out_channels = 3, .spectral_norm = true});
  spectral.collect("model.3", state);
  CHECK(names(state) == std::vector<std::string>{"model.1.weight", "model.1.bias", "model.2.weight",
                                                 "model.3.weight_orig", "model.3.bias",
                                                 "model.3.weight_u", "model.3.weight_v"});
  CHECK(state.parameters[0].parameter->value.shape() == Shape{3, 2, 4, 4});
  CHECK(state.parameters[1].parameter->rank == 1);
}

TEST_CASE("Conv2d computes only the gradients that are wanted", "[layers]") {
  Conv2d<double> layer({.in_channels = 1, .out_channels = 1, .kernel = 1});
  layer.weight().value(0, 0, 0, 0) = 2;
  Conv2d<double>::Saved saved;
  (void)layer.forward(test::uniform<double>({1, 1, 2, 2}, 1), saved);
  const auto d_output = test::uniform<double>({1, 1, 2, 2}, 2);
  const auto d_input = layer.backward(d_output, saved, Wanted::input);
  CHECK(d_input(0, 0, 1, 1) == 2 * d_output(0, 0, 1, 1));
  CHECK(layer.weight().grad.empty());
  CHECK(layer.bias().grad.empty());
  CHECK(layer.backward(d_output, saved, Wanted::parameters).empty());
  CHECK(layer.weight().grad(0, 0, 0, 0) != 0);
}

TEST_CASE("Conv2d refuses shapes and options that do not fit", "[layers]") {
  Conv2d<float> layer({.in_channels = 2, .out_channels = 3, .kernel = 4});
  CHECK_THROWS_WITH(layer.output_shape({1, 5, 8, 8}),
                    "Conv2d: input (1, 5, 8, 8) does not fit weight (3, 2, 4, 4)");
  CHECK_THROWS_AS(layer.output_shape({1, 2, 3, 8}), ShapeError);
  Conv2d<float>::Saved saved;
  (void)layer.forward(Tensor<float>({1, 2, 5, 5}), saved);
  CHECK_THROWS_AS(layer.backward(Tensor<float>({1, 3, 3, 3}), saved), ShapeError);
  using Options = Conv2d<float>::Options;
  CHECK_THROWS_AS(Conv2d<float>(Options{.in_channels = 0, .out_channels = 3}), ContractViolation);
  CHECK_THROWS_AS(Conv2d<float>(Options{.in_channels = 1, .out_channels = 1, .stride = 0}),
                  ContractViolation);
}

}  // namespace
}  // namespace asyndgan::layers
