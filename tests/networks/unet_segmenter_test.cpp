// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/networks/unet_segmenter.hpp"

#include <string>
#include <vector>

#include "networks/network_check.hpp"
#include "support/catch.hpp"

namespace asyndgan::networks {
namespace {

using Segmenter = UnetSegmenter<double>;

std::size_t count(int in, int classes) {
  return test::parameter_count(UnetSegmenter<float>({.in_channels = in, .classes = classes}));
}

// Counted on the authors' PyTorch network.
TEST_CASE("UnetSegmenter has the parameters of the authors' network", "[networks]") {
  CHECK(count(3, 2) == 31'043'586);
  CHECK(count(4, 2) == 31'044'162);
  CHECK(count(3, 1) == 31'043'521);
}

TEST_CASE("UnetSegmenter has names like the authors' network", "[networks]") {
  CHECK(test::names_of(Segmenter({.in_channels = 1,
                                  .classes = 2,
                                  .base_channels = 1,
                                  .levels = 1,
                                  .norm = NormKind::instance})) ==
        std::vector<std::string>{
            "c1.conv1.conv.weight", "c1.conv1.conv.bias", "c1.conv2.conv.weight",
            "c1.conv2.conv.bias", "cu.conv1.conv.weight", "cu.conv1.conv.bias",
            "cu.conv2.conv.weight", "cu.conv2.conv.bias", "u2.up.weight", "u2.up.bias",
            "u2.conv1.conv.weight", "u2.conv1.conv.bias", "u2.conv2.conv.weight",
            "u2.conv2.conv.bias", "ce.weight", "ce.bias"});
  const auto names =
      test::names_of(Segmenter({.in_channels = 1, .classes = 2, .base_channels = 1}));
  CHECK(std::find(names.begin(), names.end(), "u5.up.weight") != names.end());
  CHECK(std::find(names.begin(), names.end(), "u8.conv2.norm.running_var") != names.end());
}

TEST_CASE("UnetSegmenter gives logits of the image's own size", "[networks]") {
  Segmenter network({.in_channels = 2, .classes = 3, .base_channels = 1});
  test::fill_network(network);
  for (const Shape& shape : {Shape{1, 2, 32, 48}, Shape{2, 2, 35, 51}, Shape{2, 2, 16, 31}}) {
    Segmenter::Saved saved;
    const auto logits = network.forward(test::uniform<double>(shape, 1), saved);
    CHECK(logits.shape() == Shape{shape.n, 3, shape.h, shape.w});
    CHECK(network.output_shape(shape) == logits.shape());
  }
}

TEST_CASE("UnetSegmenter refuses what it cannot take", "[networks]") {
  const Segmenter network({.in_channels = 2, .classes = 3, .base_channels = 1});
  CHECK_THROWS_WITH(network.output_shape({1, 2, 15, 64}),
                    "UnetSegmenter: input (1, 2, 15, 64), expected 2 channels and sides of at "
                    "least 16 pixels");
  CHECK_THROWS_AS(network.output_shape({1, 3, 64, 64}), ShapeError);
  CHECK_THROWS_AS(Segmenter({.in_channels = 1, .classes = 0}), ContractViolation);
  CHECK_THROWS_AS(Segmenter({.in_channels = 1, .classes = 2, .levels = 0}), ContractViolation);
  CHECK_THROWS_AS(Segmenter({.in_channels = 1, .classes = 2, .levels = 11}), ContractViolation);
}

// 7e-8 measured. 11 and 7 leave a row over at every halving.
TEST_CASE("UnetSegmenter's gradients match central differences", "[networks]") {
  for (const NormKind norm : {NormKind::none, NormKind::batch, NormKind::instance}) {
    CAPTURE(layers::to_string(norm));
    Segmenter network(
        {.in_channels = 1, .classes = 2, .base_channels = 1, .levels = 2, .norm = norm});
    test::fill_network(network);
    CHECK(test::network_gradient_error(network, {2, 1, 11, 7}) < 1e-6);
  }
}

TEST_CASE("UnetSegmenter computes the gradients it is asked for", "[networks]") {
  Segmenter network({.in_channels = 2, .classes = 2, .base_channels = 2, .levels = 2});
  test::fill_network(network);
  CHECK(test::wanted_is_a_part_of_all(network, {2, 2, 13, 12}));
  CHECK(test::passes_are_independent(network, {2, 2, 13, 12}));
}

TEST_CASE("UnetSegmenter gives the same bits on any number of threads", "[networks]") {
  CHECK(test::same_on_any_thread_count([] {
    UnetSegmenter<float> network({.in_channels = 2, .classes = 3, .base_channels = 4});
    test::fill_network(network);
    return test::everything_of_a_pass(std::move(network), {2, 2, 33, 47});
  }));
}

// 5e-6 measured.
TEST_CASE("UnetSegmenter in float is close to double", "[networks]") {
  CHECK(test::float_error<UnetSegmenter>(
            {.in_channels = 2, .classes = 3, .base_channels = 4, .levels = 3},
            {.in_channels = 2, .classes = 3, .base_channels = 4, .levels = 3},
            {2, 2, 33, 31}) < 1e-4);
}

TEST_CASE("UnetSegmenter describes itself", "[networks]") {
  CHECK(Segmenter({.in_channels = 1, .classes = 8, .base_channels = 16, .dropout = 0}).describe() ==
        "UnetSegmenter 1 -> 8 classes, base 16, 4 levels, norm batch, dropout 0");
}

}  // namespace
}  // namespace asyndgan::networks
