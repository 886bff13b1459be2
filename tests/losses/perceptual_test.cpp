// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/losses/perceptual.hpp"

#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/vgg16_features.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::losses {
namespace {

using Vgg = networks::Vgg16Features<double>;

Vgg small_vgg() {
  Vgg vgg({.stages = 3, .base_channels = 2});
  State<double> state;
  vgg.collect("", state);
  layers::initialize(state, {.kind = layers::InitializationKind::kaiming}, {.seed = 1});
  return vgg;
}

TEST_CASE("An image is at distance 0 from itself", "[losses]") {
  Vgg vgg = small_vgg();
  const auto image = test::uniform<double>({2, 3, 11, 9}, 1);
  const auto loss = perceptual(vgg, image, image);
  CHECK(loss.value == 0);
  CHECK(loss.gradient.shape() == image.shape());
}

TEST_CASE("The perceptual loss is the mean of the mean squared distances", "[losses]") {
  Vgg vgg = small_vgg();
  const auto image = test::uniform<double>({2, 3, 11, 9}, 1);
  const auto target = test::uniform<double>({2, 3, 11, 9}, 2);
  Vgg::Saved a;
  Vgg::Saved b;
  (void)vgg.forward(image, a);
  (void)vgg.forward(target, b);
  double expected = 0;
  for (std::size_t m = 0; m < 3; ++m) {
    const auto x = vgg.features(a)[m]->to_host();
    const auto y = vgg.features(b)[m]->to_host();
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
    expected += sum / static_cast<double>(x.size()) / 3;
  }
  CHECK(perceptual(vgg, image, target).value == Approx(expected).epsilon(1e-14));  // measured 0
}

// Grey, several and colour channels. A ReLU that changes side within a step would show: 1e-6 of
// the values is small enough for these seeds.
TEST_CASE("The perceptual loss's gradient matches central differences", "[losses]") {
  Vgg vgg = small_vgg();
  for (const int channels : {1, 2, 3}) {
    auto image = test::uniform<double>({2, channels, 7, 5}, 3);
    const auto target = test::uniform<double>({2, channels, 7, 5}, 4);
    const auto expected = test::central_difference(
        [&] { return perceptual(vgg, image, target).value; }, image, /*step=*/1e-6);
    CHECK(test::relative_error(perceptual(vgg, image, target).gradient, expected) <
          1e-6);  // measured at most 1.7e-9
  }
}

TEST_CASE("A frozen network's parameters get no gradient", "[losses]") {
  Vgg vgg = small_vgg();
  (void)perceptual(vgg, test::uniform<double>({1, 1, 8, 8}, 1),
                   test::uniform<double>({1, 1, 8, 8}, 2));
  State<double> state;
  vgg.collect("", state);
  for (const auto& [name, parameter] : state.parameters) {
    REQUIRE(parameter->grad.empty());
  }
}

TEST_CASE("The perceptual loss refuses a target of another shape", "[losses]") {
  Vgg vgg = small_vgg();
  CHECK_THROWS_WITH(perceptual(vgg, Tensor<double>({1, 3, 8, 8}), Tensor<double>({1, 3, 8, 9})),
                    "perceptual: target has shape (1, 3, 8, 9), expected (1, 3, 8, 8)");
}

}  // namespace
}  // namespace asyndgan::losses
