// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/networks/patch_discriminator.hpp"

#include <string>
#include <vector>

#include "networks/network_check.hpp"
#include "support/catch.hpp"

namespace asyndgan::networks {
namespace {

using Patch = PatchDiscriminator<double>;

std::size_t patch_parameters(int channels, int layers, NormKind norm) {
  return test::parameter_count(
      PatchDiscriminator<float>({.in_channels = channels, .layers = layers, .norm = norm}));
}

// Counted on the public PyTorch networks.
TEST_CASE("PatchDiscriminator has the parameters of the public network", "[networks]") {
  CHECK(patch_parameters(6, 3, NormKind::batch) == 2'768'705);
  CHECK(patch_parameters(6, 3, NormKind::instance) == 2'767'809);
  CHECK(patch_parameters(5, 3, NormKind::batch) == 2'767'681);
  CHECK(patch_parameters(5, 3, NormKind::instance) == 2'766'785);
  CHECK(patch_parameters(2, 3, NormKind::batch) == 2'764'609);
  CHECK(patch_parameters(2, 3, NormKind::instance) == 2'763'713);
  CHECK(patch_parameters(6, 1, NormKind::batch) == 139'585);
  CHECK(patch_parameters(6, 2, NormKind::batch) == 666'433);
  CHECK(patch_parameters(6, 4, NormKind::batch) == 6'964'033);
  CHECK(patch_parameters(6, 5, NormKind::batch) == 11'159'361);
}

// Derived from the public network's layers, padding counted.
TEST_CASE("PatchDiscriminator costs the multiply-accumulates of the public network", "[networks]") {
  Patch narrow({.in_channels = 1, .base_channels = 1});
  Patch::Saved saved;
  const auto output = narrow.forward(test::uniform<double>({1, 1, 256, 256}, 1), saved);
  std::vector<std::size_t> pixels;
  for (const auto* feature : narrow.features(saved)) pixels.push_back(feature->shape().plane());
  pixels.push_back(output.shape().plane());
  const auto cost = [&](int channels) {
    return test::multiply_accumulates(PatchDiscriminator<float>({.in_channels = channels}), pixels);
  };
  CHECK(cost(6) == 3'197'140'992);
  CHECK(cost(5) == 3'180'363'776);
  CHECK(cost(2) == 3'130'032'128);
}

TEST_CASE("PatchDiscriminator has the state_dict of the public network", "[networks]") {
  const auto names =
      test::names_of(Patch({.in_channels = 2, .base_channels = 1, .norm = NormKind::batch}));
  CHECK(names.size() == 22);
  CHECK(test::names_of(Patch({.in_channels = 2, .base_channels = 1, .layers = 2})) ==
        std::vector<std::string>{"model.0.weight", "model.0.bias", "model.2.weight", "model.2.bias",
                                 "model.5.weight", "model.5.bias", "model.8.weight",
                                 "model.8.bias"});
  CHECK(names.at(2) == "model.2.weight");
  CHECK(names.at(3) == "model.3.weight");
  CHECK(names.at(11) == "model.11.weight");
  const auto spectral = test::names_of(Patch({.in_channels = 2,
                                              .base_channels = 1,
                                              .layers = 1,
                                              .norm = NormKind::none,
                                              .spectral_norm = true}));
  CHECK(spectral ==
        std::vector<std::string>{"model.0.weight_orig", "model.0.bias", "model.2.weight_orig",
                                 "model.2.bias", "model.5.weight_orig", "model.5.bias",
                                 "model.0.weight_u", "model.0.weight_v", "model.2.weight_u",
                                 "model.2.weight_v", "model.5.weight_u", "model.5.weight_v"});
}

TEST_CASE("PatchDiscriminator's output sides are those of the public network", "[networks]") {
  const auto side = [](int layers, int input) {
    const Patch network({.in_channels = 2, .base_channels = 1, .layers = layers});
    const Shape shape = network.output_shape({3, 2, input, input});
    CHECK(shape == Shape{3, 1, shape.h, shape.h});
    return shape.h;
  };
  const std::vector<int> of_256{126, 62, 30, 14, 6, 2};
  for (int layers = 1; layers <= 6; ++layers) {
    CHECK(side(layers, 256) == of_256.at(static_cast<std::size_t>(layers) - 1));
  }
  CHECK(side(3, 24) == 1);
  CHECK(side(3, 32) == 2);
  CHECK(side(3, 64) == 6);
  CHECK(side(3, 128) == 14);
  CHECK(side(3, 240) == 28);
  CHECK(side(3, 286) == 33);
  CHECK(side(3, 512) == 62);
}

TEST_CASE("PatchDiscriminator knows its receptive field", "[networks]") {
  const std::vector<int> fields{16, 34, 70, 142, 286, 574};
  for (int layers = 1; layers <= 6; ++layers) {
    CHECK(Patch::receptive_field(layers) == fields.at(static_cast<std::size_t>(layers) - 1));
  }
}

// Found by the network itself: which input pixels move a logit in the middle.
TEST_CASE("A logit depends on the pixels of its receptive field and no other", "[networks]") {
  Patch network({.in_channels = 1, .base_channels = 1, .layers = 2, .norm = NormKind::none});
  test::fill_network(network);
  Patch::Saved saved;
  const auto output = network.forward(test::uniform<double>({1, 1, 96, 96}, 1), saved);
  Tensor<double> d_output(output.shape());
  d_output(0, 0, 11, 11) = 1;
  const auto d_input = network.backward(d_output, saved);
  int first = 96;
  int last = -1;
  for (int y = 0; y < 96; ++y) {
    for (int x = 0; x < 96; ++x) {
      if (d_input(0, 0, y, x) == 0) continue;
      first = std::min({first, y, x});
      last = std::max({last, y, x});
    }
  }
  CHECK(last - first + 1 == network.receptive_field());
}

TEST_CASE("PatchDiscriminator refuses an image too small for one logit", "[networks]") {
  Patch network({.in_channels = 3, .base_channels = 1});
  CHECK_THROWS_WITH(network.output_shape({1, 3, 64, 23}),
                    "PatchDiscriminator: input (1, 3, 64, 23), expected 3 channels and sides of "
                    "at least 24 pixels, better the receptive field of 70; fewer layers need less");
  CHECK_THROWS_AS(network.output_shape({1, 2, 64, 64}), ShapeError);
  Patch::Saved saved;
  CHECK_THROWS_AS(network.forward(Tensor<double>({1, 3, 16, 16}), saved), ShapeError);
  CHECK_THROWS_AS(Patch({.in_channels = 0}), ContractViolation);
  CHECK_THROWS_AS(Patch({.in_channels = 1, .layers = 0}), ContractViolation);
  CHECK_THROWS_AS(Patch({.in_channels = 1, .layers = 9}), ContractViolation);
}

TEST_CASE("The smallest image gives one logit, for any number of layers", "[networks]") {
  for (int layers = 1; layers <= 6; ++layers) {
    const Patch network({.in_channels = 1, .base_channels = 1, .layers = layers});
    const int side = Patch::minimum_side(layers);
    CHECK(network.output_shape({1, 1, side, side}) == Shape{1, 1, 1, 1});
    CHECK_THROWS_AS(network.output_shape({1, 1, side - 1, side}), ShapeError);
  }
}

// 1e-8 measured. The loss has terms in the first and third of the features too.
TEST_CASE("PatchDiscriminator's gradients match central differences", "[networks]") {
  for (const NormKind norm : {NormKind::none, NormKind::batch, NormKind::instance}) {
    CAPTURE(layers::to_string(norm));
    Patch network({.in_channels = 2, .base_channels = 1, .layers = 2, .norm = norm});
    test::fill_network(network);
    CHECK(test::network_gradient_error(network, {2, 2, 17, 15}) < 1e-6);
    CHECK(test::network_gradient_error(network, {1, 2, 17, 15}, {.training = false}) < 1e-6);
  }
}

// A training pass moves u and v by a power iteration; in evaluation they are constants, and
// both are constants of the gradient. 8e-9 measured.
TEST_CASE("PatchDiscriminator's gradients pass spectral normalisation", "[networks]") {
  Patch network({.in_channels = 2,
                 .base_channels = 1,
                 .layers = 1,
                 .norm = NormKind::none,
                 .spectral_norm = true});
  test::fill_network(network);
  CHECK(test::network_gradient_error(network, {2, 2, 9, 11}, {.training = false}) < 1e-6);
}

TEST_CASE("features() are the rectified outputs between the convolutions", "[networks]") {
  Patch network({.in_channels = 2, .base_channels = 2, .layers = 2});
  test::fill_network(network);
  Patch::Saved saved;
  (void)network.forward(test::uniform<double>({1, 2, 32, 24}, 1), saved);
  const auto features = network.features(saved);
  REQUIRE(features.size() == 3);
  CHECK(features[0]->shape() == Shape{1, 2, 16, 12});
  CHECK(features[1]->shape() == Shape{1, 4, 8, 6});
  CHECK(features[2]->shape() == Shape{1, 8, 7, 5});
  for (const auto* feature : features) {
    CHECK(*std::min_element(feature->values().begin(), feature->values().end()) < 0);
    CHECK(*std::max_element(feature->values().begin(), feature->values().end()) > 0);
  }
}

TEST_CASE("A gradient may enter by the features alone", "[networks]") {
  Patch network({.in_channels = 2, .base_channels = 2, .layers = 1});
  test::fill_network(network);
  Patch::Saved saved;
  const auto output = network.forward(test::uniform<double>({1, 2, 12, 12}, 1), saved);
  const auto features = network.features(saved);
  std::vector<Tensor<double>> d_features{test::uniform<double>(features[0]->shape(), 2), {}};
  const Tensor<double> zeros(output.shape());
  const auto with_zeros = network.backward(zeros, saved, Wanted::input, d_features);
  CHECK(network.backward({}, saved, Wanted::input, d_features).to_host() == with_zeros.to_host());
  d_features.pop_back();
  CHECK_THROWS_WITH(network.backward({}, saved, Wanted::input, d_features),
                    "PatchDiscriminator: 1 gradients for 2 features");
}

TEMPLATE_TEST_CASE("PatchDiscriminator computes the gradients it is asked for", "[networks]", float,
                   double) {
  PatchDiscriminator<TestType> network(
      {.in_channels = 2, .base_channels = 2, .layers = 2, .norm = NormKind::batch});
  test::fill_network(network);
  CHECK(test::wanted_is_a_part_of_all(network, {2, 2, 19, 18}));
}

TEST_CASE("PatchDiscriminator has several passes in flight", "[networks]") {
  Patch network({.in_channels = 2, .base_channels = 2, .layers = 2, .norm = NormKind::batch});
  test::fill_network(network);
  CHECK(test::passes_are_independent(network, {2, 2, 19, 18}));
}

TEST_CASE("PatchDiscriminator gives the same bits on any number of threads", "[networks]") {
  CHECK(test::same_on_any_thread_count([] {
    PatchDiscriminator<float> network({.in_channels = 2, .base_channels = 8, .layers = 2});
    test::fill_network(network);
    return test::everything_of_a_pass(std::move(network), {2, 2, 33, 31});
  }));
}

// 2e-6 measured.
TEST_CASE("PatchDiscriminator in float is close to double", "[networks]") {
  CHECK(test::float_error<PatchDiscriminator>({.in_channels = 2, .base_channels = 8},
                                              {.in_channels = 2, .base_channels = 8},
                                              {2, 2, 33, 31}) < 1e-4);
}

TEST_CASE("PatchDiscriminator describes itself", "[networks]") {
  CHECK(Patch({.in_channels = 3, .base_channels = 8, .norm = NormKind::none, .spectral_norm = true})
            .describe() == "PatchDiscriminator 3, base 8, 3 layers, norm none, spectral norm");
}

}  // namespace
}  // namespace asyndgan::networks
