// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/downstream/segment.hpp"

#include "asyndgan/data/phantom.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/unet_segmenter.hpp"
#include "support/catch.hpp"

namespace asyndgan::downstream {
namespace {

TEST_CASE("The most likely class is that of the largest logit, the first of equals",
          "[downstream]") {
  const std::vector<double> logits{1,  5, 0,  // class 0 of image 0
                                   2,  4, 0,  // class 1
                                   -1, 6, 0,  // class 2
                                   9,  0, 0,  // image 1
                                   8,  0, 1,  //
                                   8,  3, 1};
  const auto labels = most_likely(Tensor<double>::from_host({2, 3, 1, 3}, logits));
  CHECK(labels.labels == std::vector<std::uint8_t>{1, 2, 0, 0, 2, 1});
}

TEST_CASE("Labels do not depend on the batch and repeat", "[downstream]") {
  networks::UnetSegmenter<float> network(
      {.in_channels = 1, .classes = 4, .base_channels = 4, .levels = 2});
  State<float> state;
  network.collect("", state);
  layers::initialize(state, {.kind = layers::InitializationKind::kaiming}, {.seed = 1});
  const auto slices = data::phantom({.count = 5, .height = 18, .width = 21});
  const auto all = segment(network, slices.images, 5);
  CHECK(all == segment(network, slices.images, 2));
  CHECK(all == segment(network, slices.images, 1));
  CHECK(all.n == 5);
  CHECK_THROWS_AS(segment(network, slices.images, 0), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::downstream
