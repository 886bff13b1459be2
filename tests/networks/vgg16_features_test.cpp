// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/networks/vgg16_features.hpp"

#include <string>
#include <vector>

#include "networks/network_check.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::networks {
namespace {

using Vgg = Vgg16Features<double>;

TEST_CASE("Vgg16Features has the parameters and names of VGG16's features", "[networks]") {
  CHECK(test::parameter_count(Vgg16Features<float>()) == 7'635'264);
  CHECK(test::parameter_count(Vgg16Features<float>({.stages = 5})) == 14'714'688);
  const auto names = test::names_of(Vgg({.stages = 5, .base_channels = 1}));
  REQUIRE(names.size() == 26);
  const std::vector<int> entries{0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CHECK(names[2 * i] == "features." + std::to_string(entries[i]) + ".weight");
    CHECK(names[2 * i + 1] == "features." + std::to_string(entries[i]) + ".bias");
  }
}

// Derived from VGG16's layers, padding counted.
TEST_CASE("Vgg16Features costs the multiply-accumulates of VGG16's features", "[networks]") {
  const auto cost = [](int stages) {
    Vgg narrow({.stages = stages, .base_channels = 1});
    Vgg::Saved saved;
    (void)narrow.forward(test::uniform<double>({1, 3, 256, 256}, 1), saved);
    std::vector<std::size_t> pixels;
    for (const auto& kept : saved.convolutions) {  // whose outputs have the sizes of their inputs
      pixels.push_back(kept.convolution.input.shape().plane());
    }
    return test::multiply_accumulates(Vgg16Features<float>({.stages = stages}), pixels);
  };
  CHECK(cost(4) == 18'232'639'488);
  CHECK(cost(5) == 20'044'578'816);
}

TEST_CASE("Vgg16Features gives one feature a stage, halved in between", "[networks]") {
  Vgg network({.base_channels = 1});
  test::fill_network(network);
  Vgg::Saved saved;
  const auto last = network.forward(test::uniform<double>({2, 3, 25, 18}, 1), saved);
  const auto features = network.features(saved);
  REQUIRE(features.size() == 4);
  CHECK(features[0]->shape() == Shape{2, 1, 25, 18});
  CHECK(features[1]->shape() == Shape{2, 2, 12, 9});
  CHECK(features[2]->shape() == Shape{2, 4, 6, 4});
  CHECK(features[3]->shape() == Shape{2, 8, 3, 2});
  CHECK(last.to_host() == features[3]->to_host());
  CHECK(network.output_shape({2, 3, 25, 18}) == last.shape());
  CHECK_THROWS_WITH(network.output_shape({1, 1, 64, 64}),
                    "Vgg16Features: input (1, 1, 64, 64), expected 3 channels and sides of at "
                    "least 8 pixels");
  CHECK_THROWS_AS(network.output_shape({1, 3, 64, 7}), ShapeError);
  CHECK_THROWS_AS(Vgg({.stages = 6}), ContractViolation);
  CHECK_THROWS_AS(Vgg({.stages = 0}), ContractViolation);
}

// 6e-9 measured.
TEST_CASE("Vgg16Features' gradients match central differences", "[networks]") {
  Vgg network({.stages = 3, .base_channels = 1});
  test::fill_network(network);
  CHECK(test::network_gradient_error(network, {1, 3, 9, 7}) < 1e-6);
}

TEST_CASE("Vgg16Features passes a gradient that enters by an early feature alone", "[networks]") {
  Vgg network({.stages = 3, .base_channels = 1});
  test::fill_network(network);
  Vgg::Saved saved;
  const auto last = network.forward(test::uniform<double>({1, 3, 9, 7}, 1), saved);
  std::vector<Tensor<double>> d_features(3);
  d_features[0] = test::uniform<double>(network.features(saved)[0]->shape(), 2);
  const auto alone = network.backward({}, saved, Wanted::input, d_features);
  const Tensor<double> zeros(last.shape());
  CHECK(alone.to_host() == network.backward(zeros, saved, Wanted::input, d_features).to_host());
  CHECK(test::wanted_is_a_part_of_all(network, {1, 3, 9, 7}));
}

TEST_CASE("Vgg16Features takes its weights from a file with a classifier in it", "[networks]") {
  const test::TemporaryFolder folder;
  const auto path = folder / "vgg16.safetensors";
  Vgg whole({.stages = 5, .base_channels = 1});
  test::fill_network(whole);
  auto state = test::state_of(whole);
  Parameter<double> classifier({7, 5, 1, 1});
  state.parameters.push_back({"classifier.0.weight", &classifier});
  save_checkpoint(path, state);

  auto loaded = Vgg::load(path, {.stages = 3, .base_channels = 1});
  const auto loaded_state = test::state_of(loaded);
  for (std::size_t i = 0; i < loaded_state.parameters.size(); ++i) {
    CHECK(loaded_state.parameters[i].parameter->value.to_host() ==
          state.parameters[i].parameter->value.to_host());
  }
  CHECK_THROWS_AS(Vgg::load(path), CheckpointError);  // other widths
  CHECK_THROWS_AS(Vgg::load(folder / "none"), DataError);
}

}  // namespace
}  // namespace asyndgan::networks
