// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/layers/pad2d.hpp"

#include "support/catch.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::layers {
namespace {

using kernels::PaddingMode;
using Values = std::vector<double>;

TEST_CASE("A column of 1 2 3 4 is reflected without its border pixel", "[layers]") {
  const auto x = Tensor<double>::from_host({1, 1, 4, 4}, Values{1, 2, 3, 4, 1, 2, 3, 4,  //
                                                                1, 2, 3, 4, 1, 2, 3, 4});
  const auto row = [&](int amount) {
    const Pad2d<double> layer({.amount = amount, .mode = PaddingMode::reflect});
    Pad2d<double>::Saved saved;
    const auto y = layer.forward(x, saved);
    return Values(y.values().begin(), y.values().begin() + y.shape().w);
  };
  CHECK(row(1) == Values{2, 1, 2, 3, 4, 3});
  CHECK(row(3) == Values{4, 3, 2, 1, 2, 3, 4, 3, 2, 1});
}

TEST_CASE("Padding of a plane, both ways", "[layers]") {
  const auto x = Tensor<double>::from_host({1, 1, 2, 3}, Values{1, 2, 3, 4, 5, 6});
  Pad2d<double>::Saved saved;
  const Pad2d<double> reflect({.amount = 1, .mode = PaddingMode::reflect});
  CHECK(reflect.forward(x, saved).to_host() == Values{5, 4, 5, 6, 5,  //
                                                      2, 1, 2, 3, 2,  //
                                                      5, 4, 5, 6, 5,  //
                                                      2, 1, 2, 3, 2});
  const Pad2d<double> zero({.amount = 1});
  CHECK(zero.forward(x, saved).to_host() == Values{0, 0, 0, 0, 0,  //
                                                   0, 1, 2, 3, 0,  //
                                                   0, 4, 5, 6, 0,  //
                                                   0, 0, 0, 0, 0});
}

TEST_CASE("Padding's gradient matches central differences", "[layers]") {
  const auto input = test::uniform<double>({2, 3, 7, 5}, 1);
  for (const PaddingMode mode : {PaddingMode::zero, PaddingMode::reflect}) {
    for (const int amount : {0, 1, 4}) {
      Pad2d<double> layer({.amount = amount, .mode = mode});
      CHECK(test::gradient_error(layer, input) < 1e-9);  // measured 1.2e-10
    }
  }
}

TEST_CASE("An image that is too small to be reflected is refused", "[layers]") {
  const Pad2d<float> layer({.amount = 3, .mode = PaddingMode::reflect});
  CHECK_THROWS_WITH(layer.output_shape({1, 2, 8, 3}),
                    "pad: input (1, 2, 8, 3) is too small to reflect 3 pixels");
  CHECK_THROWS_WITH(Pad2d<float>({.amount = -1}), "Pad2d: negative amount -1");
  Pad2d<float>::Saved saved;
  (void)layer.forward(Tensor<float>({1, 1, 4, 4}), saved);
  CHECK_THROWS_WITH(layer.backward(Tensor<float>({1, 1, 4, 4}), saved),
                    "Pad2d: d_output has shape (1, 1, 4, 4), expected (1, 1, 10, 10)");
}

TEST_CASE("Padding is the same on any number of threads", "[layers]") {
  const Pad2d<float> layer({.amount = 3, .mode = PaddingMode::reflect});
  CHECK(test::same_on_any_thread_count([&] {
    return test::everything_of_a_pass(layer, {3, 5, 17, 19});
  }));
}

}  // namespace
}  // namespace asyndgan::layers
